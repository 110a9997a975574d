/*
 * Endpoints that take their time, or as long as another request wants.
 */
#ifndef ORIGIN_ANSWER_TIMING_H
#define ORIGIN_ANSWER_TIMING_H

#include "exchange.h"

void answer_delay(exchange *x);
void answer_slow(exchange *x);
void answer_gate(exchange *x);
void answer_hold(exchange *x);
void answer_release(exchange *x);
void answer_release_all(exchange *x);
void answer_held(exchange *x);
void answer_peak(exchange *x);

#endif
