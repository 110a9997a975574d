#include "ledger.h"

#include "memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct account {
    struct account *next;
    char *name;
    buffer items;
    uint64_t count;
} account;

static account *accounts;

static account *find_or_open(const char *name)
{
    account *a = accounts;

    while (a && strcmp(a->name, name) != 0)
        a = a->next;
    if (!a) {
        a = memory_zeroed(sizeof *a);
        a->name = memory_string(name, strlen(name));
        a->next = accounts;
        accounts = a;
    }
    return a;
}

void ledger_record(const char *name, const char *item)
{
    buffer_printf(&find_or_open(name)->items, "%s\n", item);
}

const buffer *ledger_recorded(const char *name)
{
    return &find_or_open(name)->items;
}

uint64_t ledger_count(const char *name)
{
    return ++find_or_open(name)->count;
}

uint64_t ledger_counted(const char *name)
{
    return find_or_open(name)->count;
}

void ledger_forget_all(void)
{
    while (accounts) {
        account *next = accounts->next;

        free(accounts->name);
        buffer_clear(&accounts->items);
        free(accounts);
        accounts = next;
    }
}
