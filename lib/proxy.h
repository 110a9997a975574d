/*
 * How to reach a proxy: the part of asynchttp_proxy_info that is not public.
 */
#ifndef AH_PROXY_H
#define AH_PROXY_H

#include "asynchttp.h"

/* A copy that shares nothing with info. NULL: no memory. */
asynchttp_proxy_info *ah_proxy_info_copy(const asynchttp_proxy_info *info);

/* As asynchttp_proxy_info_from_environment(), with NULL in *info where that returns NULL. False: the environment
 * names a proxy, but not one that could be made sense of, or there is no memory; to go without it would be wrong. */
bool ah_proxy_info_from_environment(const char *method, asynchttp_proxy_info **info);

#endif
