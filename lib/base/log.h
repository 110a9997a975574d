/*
 * The log: what goes on inside the library, for whoever debugs a program.
 *
 * Components are the concepts of the library: "http", "dispatch", "worker", "exchange", "transfer", "promise",
 * "cache", "memory".
 */
#ifndef AH_LOG_H
#define AH_LOG_H

#include <stdatomic.h>
#include <stdbool.h>

#include "asynchttp.h"

/* The least level that anybody listens to. Only for ah_logs(). */
extern atomic_int ah_log_threshold;

/* Whether messages of this level go anywhere: cheap, for what costs something to say. */
static inline bool ah_logs(asynchttp_log_level level)
{
    return (int)level >= atomic_load_explicit(&ah_log_threshold, memory_order_relaxed);
}

#define AH_LOG(level, ...) (ah_logs(level) ? ah_log(level, __VA_ARGS__) : (void)0)
#define AH_DEBUG(...) AH_LOG(ASYNCHTTP_LOG_DEBUG, __VA_ARGS__)
#define AH_INFO(...) AH_LOG(ASYNCHTTP_LOG_INFO, __VA_ARGS__)
#define AH_WARNING(...) AH_LOG(ASYNCHTTP_LOG_WARNING, __VA_ARGS__)
#define AH_ERROR(...) AH_LOG(ASYNCHTTP_LOG_ERROR, __VA_ARGS__)

/* Line breaks in the message become spaces, and a very long one is cut. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), cold))
#endif
void ah_log(asynchttp_log_level level, const char *component, const char *format, ...);

/* Reads ASYNCHTTP_LOG, the first time it is called, unless asynchttp_set_log() has been called by then. */
void ah_log_init(void);

/* What the calling thread is called in the log's lines: at most 15 bytes, kept by pointer. */
void ah_log_name_thread(const char *name);

#endif
