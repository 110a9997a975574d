/*
 * Responses whose chunks are being read by this process. What is removed meanwhile keeps its chunks until the end of
 * that: who takes long over one chunk has no transaction any more in which they would stay.
 */
#ifndef AH_PINS_H
#define AH_PINS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct ah_connection;

/* Embedded in who reads. */
typedef struct ah_pin {
    int64_t id;
    bool removed;
    /* What it reads with; and since when it has been busy with a chunk, and the connection idle; AH_NEVER: it is not. */
    struct ah_connection *connection;
    ah_time busy_since;
    struct ah_pin *next;
} ah_pin;

typedef struct ah_pins {
    pthread_mutex_t lock;
    ah_pin *first;
} ah_pins;

void ah_pins_init(ah_pins *pins);
void ah_pins_destroy(ah_pins *pins);

/* The response is being read from here on. */
void ah_pins_add(ah_pins *pins, ah_pin *pin, int64_t id);

/* Not any more. Whether its chunks were kept, and nobody else reads them. */
bool ah_pins_take(ah_pins *pins, ah_pin *pin);

/* The reader hands over a chunk, and does not touch its connection, until ah_pins_resume(). */
void ah_pins_pause(ah_pins *pins, ah_pin *pin);
void ah_pins_resume(ah_pins *pins, ah_pin *pin);

/* Calls this for the connections of those who have been busy since then or longer. Whether there are any readers. */
bool ah_pins_visit(ah_pins *pins, ah_time since, void (*visit)(struct ah_connection *connection));

/* Whether the response is being read. */
bool ah_pins_have(ah_pins *pins, int64_t id);

/* The response is removed. Whether its chunks are to be kept, since it is being read. */
bool ah_pins_keep(ah_pins *pins, int64_t id);

#endif
