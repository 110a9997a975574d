/*
 * A transit service in the manner of proximobus: agencies, their routes, and the stops of a route, in JSON.
 */
#ifndef ORIGIN_ANSWER_TRANSIT_H
#define ORIGIN_ANSWER_TRANSIT_H

#include "exchange.h"

void answer_agencies(exchange *x);
void answer_routes(exchange *x);
void answer_route(exchange *x);

#endif
