#include "census.h"

static uint64_t accepted;
static uint64_t closed;

uint64_t census_enter(void)
{
    return ++accepted;
}

void census_leave(void)
{
    closed++;
}

uint64_t census_accepted(void)
{
    return accepted;
}

uint64_t census_open(void)
{
    return accepted - closed;
}
