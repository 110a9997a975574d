#include "exchange.h"

void exchange_clear(exchange *x)
{
    place_leave(&x->waiter);
    request_clear(&x->request);
    intake_clear(&x->content);
    arguments_clear(&x->arguments);
    buffer_clear(&x->fields);
    script_clear(&x->script);
    x->endpoint = NULL;
}
