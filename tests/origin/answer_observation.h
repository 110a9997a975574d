/*
 * Endpoints for what the server has seen: what it was asked for, and its connections.
 */
#ifndef ORIGIN_ANSWER_OBSERVATION_H
#define ORIGIN_ANSWER_OBSERVATION_H

#include "exchange.h"

void answer_record(exchange *x);
void answer_recorded(exchange *x);
void answer_count(exchange *x);
void answer_counted(exchange *x);
void answer_connection(exchange *x);
void answer_connections(exchange *x);
void answer_open(exchange *x);

#endif
