/*
 * Endpoints for content and header fields: what a client sends, and what it gets.
 */
#ifndef ORIGIN_ANSWER_CONTENT_H
#define ORIGIN_ANSWER_CONTENT_H

#include "exchange.h"

void answer_hello(exchange *x);
void answer_echo(exchange *x);
void answer_request(exchange *x);
void answer_status(exchange *x);
void answer_headers(exchange *x);
void answer_redirect(exchange *x);
void answer_bytes(exchange *x);
void answer_sum(exchange *x);
void answer_gzip(exchange *x);
void answer_deflate(exchange *x);
void answer_zeros(exchange *x);

#endif
