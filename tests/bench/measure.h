/*
 * What a contestant of the benchmarks measures of itself, and the line in which it says so:
 *
 *     n= wall= cpu= bytes= errors= rss_kb= threads=
 *
 * Requests, seconds, seconds of the process, bytes of content, requests that did not end as they should, the most memory
 * that was resident, threads at the end.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>

typedef struct measure {
    size_t n;
    size_t errors;
    uint64_t bytes;
    /* Filled in by measure_stop(). */
    double wall;
    double cpu;
    size_t rss_kb;
    size_t threads;
} measure;

/* Seconds, since nobody knows when. */
double measure_now(void);

/* How much memory is resident now; 0 where the system does not tell. */
size_t measure_resident_kb(void);

/* Around what is measured. */
void measure_start(measure *m);
void measure_stop(measure *m);

/* Prints the line, without its end: a contestant may have more to say. */
void measure_print(const measure *m);

/* Prints " NAME_p50= NAME_p99= NAME_max=", in microseconds, of that many seconds, which are sorted for it. */
void measure_print_latencies(const char *name, double *seconds, size_t count);

/* Counts one request that had this status and so much content; 0: it failed. 200 is what is expected. */
void measure_count(measure *m, long status, size_t length);

/* Memory that is there, or the end. */
void *measure_allocate(size_t count, size_t size);

/* The number that text is, from 1 on, or the end. */
size_t measure_number(const char *text);

/* Says why (printf), and ends the program. */
_Noreturn void measure_die(const char *format, ...);

#endif
