/*
 * How many connections there are and were.
 */
#ifndef ORIGIN_CENSUS_H
#define ORIGIN_CENSUS_H

#include <stdint.h>

/* A connection was accepted. Returns its number, from 1. */
uint64_t census_enter(void);

/* A connection was closed. */
void census_leave(void);

uint64_t census_accepted(void);
uint64_t census_open(void);

#endif
