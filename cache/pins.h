/*
 * Responses whose chunks are being read by this process. What is removed meanwhile keeps its chunks until the end of
 * that: no transaction is open from one chunk to the next, in which they would stay.
 */
#ifndef AH_PINS_H
#define AH_PINS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Embedded in who reads. */
typedef struct ah_pin {
    int64_t id;
    bool removed;
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

/* The response is removed. Whether its chunks are to be kept, since it is being read. */
bool ah_pins_keep(ah_pins *pins, int64_t id);

#endif
