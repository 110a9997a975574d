/*
 * All endpoints of the server.
 */
#ifndef ORIGIN_ENDPOINTS_H
#define ORIGIN_ENDPOINTS_H

#include "endpoint.h"

/* The endpoint for a path, and the arguments that are in it; if there is no other, the one that answers 404. */
const endpoint *endpoints_find(const char *path, arguments *a);

/* Prints to standard output what there is. */
void endpoints_help(void);

#endif
