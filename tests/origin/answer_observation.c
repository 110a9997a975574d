#include "answer_observation.h"

#include "census.h"
#include "ledger.h"
#include "reply.h"

#include <inttypes.h>

void answer_record(exchange *x)
{
    ledger_record(x->arguments.words[0], x->arguments.words[1]);
    reply_printf(x, 200, "recorded\n");
}

void answer_recorded(exchange *x)
{
    const buffer *items = ledger_recorded(x->arguments.words[0]);
    buffer copy = {0};

    buffer_append(&copy, buffer_bytes(items), items->size);
    reply_bytes(x, 200, "text/plain", &copy);
}

void answer_count(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", ledger_count(x->arguments.words[0]));
}

void answer_counted(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", ledger_counted(x->arguments.words[0]));
}

void answer_connection(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 " %" PRIu64 "\n", x->connection, x->serial);
}

void answer_connections(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", census_accepted());
}

void answer_open(exchange *x)
{
    reply_printf(x, 200, "%" PRIu64 "\n", census_open());
}
