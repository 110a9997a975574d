#include "measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double measure_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

/* A line "NAME: number" of /proc/self/status; 0 where there is none. getrusage() will not do: what it says of memory
 * includes the process that started this one. */
static size_t status_of_process(const char *name)
{
    char line[256];
    size_t number = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            number = strtoul(line + strlen(name) + 1, NULL, 10);
    }
    if (file)
        fclose(file);
    return number;
}

size_t measure_resident_kb(void)
{
    return status_of_process("VmRSS");
}

void measure_start(measure *m)
{
    *m = (measure){.cpu = -seconds_of(CLOCK_PROCESS_CPUTIME_ID), .wall = -measure_now()};
}

void measure_stop(measure *m)
{
    m->wall += measure_now();
    m->cpu += seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    m->rss_kb = status_of_process("VmHWM");
    m->threads = status_of_process("Threads");
}

void measure_print(const measure *m)
{
    printf("n=%zu wall=%.6f cpu=%.6f bytes=%llu errors=%zu rss_kb=%zu threads=%zu", m->n, m->wall, m->cpu,
           (unsigned long long)m->bytes, m->errors, m->rss_kb, m->threads);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

void measure_print_latencies(const char *name, double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, compare);
    printf(" %s_p50=%.2f %s_p99=%.2f %s_max=%.2f", name, seconds[count / 2] * 1e6, name,
           seconds[count * 99 / 100] * 1e6, name, seconds[count - 1] * 1e6);
}

void measure_count(measure *m, long status, size_t length)
{
    m->n++;
    m->bytes += length;
    m->errors += status != 200;
}

void *measure_allocate(size_t count, size_t size)
{
    void *made = calloc(count, size);

    if (!made)
        measure_die("out of memory");
    return made;
}

size_t measure_number(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    if (*end != '\0' || number == 0)
        measure_die("not a number from 1 on: %s", text);
    return number;
}

void measure_die(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(2);
}
