/*
 * Pages as a demonstration fetches them: of different sizes, and not all as fast.
 */
#ifndef ORIGIN_ANSWER_PAGE_H
#define ORIGIN_ANSWER_PAGE_H

#include "exchange.h"

void answer_page(exchange *x);

#endif
