/*
 * How to reach a proxy: the part of asynchttp_proxy_info that is not public.
 */
#ifndef AH_PROXY_H
#define AH_PROXY_H

#include "asynchttp.h"

/* A copy that shares nothing with info. NULL: no memory. */
asynchttp_proxy_info *ah_proxy_info_copy(const asynchttp_proxy_info *info);

#endif
