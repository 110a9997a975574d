/*
 * The end of the program for want of something it cannot do without.
 */
#ifndef ORIGIN_FATAL_H
#define ORIGIN_FATAL_H

/* For functions that take a format as printf does: the positions of the format and of what it is for. */
#if defined(__GNUC__) || defined(__clang__)
#define ORIGIN_PRINTF(string, first) __attribute__((format(printf, string, first), nonnull(string)))
#else
#define ORIGIN_PRINTF(string, first)
#endif

/* Says on standard error what is wrong (printf) and ends the program with status 1. */
ORIGIN_PRINTF(1, 2) _Noreturn void fatal(const char *format, ...);

#endif
