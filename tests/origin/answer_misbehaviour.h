/*
 * Endpoints that do what no server should.
 */
#ifndef ORIGIN_ANSWER_MISBEHAVIOUR_H
#define ORIGIN_ANSWER_MISBEHAVIOUR_H

#include "exchange.h"

void answer_second_close(exchange *x);
void answer_second_reset(exchange *x);
void answer_second_garbage(exchange *x);
void answer_close_after(exchange *x);
void answer_raw(exchange *x);

#endif
