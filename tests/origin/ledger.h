/*
 * What the server remembers from one request to the next, under names that tests make up.
 */
#ifndef ORIGIN_LEDGER_H
#define ORIGIN_LEDGER_H

#include "buffer.h"

#include <stdint.h>

/* Adds an item to what is recorded under a name. */
void ledger_record(const char *name, const char *item);

/* The items in the order of arrival, one a line; valid until the next ledger_record(). */
const buffer *ledger_recorded(const char *name);

/* Counts one more under a name. Returns how many that makes. */
uint64_t ledger_count(const char *name);

/* The same without counting. */
uint64_t ledger_counted(const char *name);

/* Forgets everything. */
void ledger_forget_all(void);

#endif
