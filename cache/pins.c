#include "cache/pins.h"

void ah_pins_init(ah_pins *pins)
{
    *pins = (ah_pins){0};
    pthread_mutex_init(&pins->lock, NULL);
}

void ah_pins_destroy(ah_pins *pins)
{
    pthread_mutex_destroy(&pins->lock);
}

void ah_pins_add(ah_pins *pins, ah_pin *pin, int64_t id)
{
    pthread_mutex_lock(&pins->lock);
    *pin = (ah_pin){.id = id, .busy_since = AH_NEVER, .next = pins->first};
    pins->first = pin;
    pthread_mutex_unlock(&pins->lock);
}

bool ah_pins_take(ah_pins *pins, ah_pin *pin)
{
    bool others = false;
    pthread_mutex_lock(&pins->lock);
    for (ah_pin **link = &pins->first; *link;) {
        if (*link == pin) {
            *link = pin->next;
            continue;
        }
        others = others || (*link)->id == pin->id;
        link = &(*link)->next;
    }
    pthread_mutex_unlock(&pins->lock);
    return pin->removed && !others;
}

static void set_busy(ah_pins *pins, ah_pin *pin, ah_time since)
{
    pthread_mutex_lock(&pins->lock);
    pin->busy_since = since;
    pthread_mutex_unlock(&pins->lock);
}

void ah_pins_pause(ah_pins *pins, ah_pin *pin)
{
    set_busy(pins, pin, ah_clock_now());
}

void ah_pins_resume(ah_pins *pins, ah_pin *pin)
{
    set_busy(pins, pin, AH_NEVER);
}

bool ah_pins_visit(ah_pins *pins, ah_time since, void (*visit)(struct ah_connection *connection))
{
    pthread_mutex_lock(&pins->lock);
    for (ah_pin *pin = pins->first; pin; pin = pin->next) {
        if (pin->busy_since <= since)
            visit(pin->connection);
    }
    bool any = pins->first != NULL;
    pthread_mutex_unlock(&pins->lock);
    return any;
}

bool ah_pins_have(ah_pins *pins, int64_t id)
{
    pthread_mutex_lock(&pins->lock);
    const ah_pin *pin = pins->first;
    while (pin && pin->id != id)
        pin = pin->next;
    pthread_mutex_unlock(&pins->lock);
    return pin != NULL;
}

bool ah_pins_keep(ah_pins *pins, int64_t id)
{
    bool kept = false;
    pthread_mutex_lock(&pins->lock);
    for (ah_pin *pin = pins->first; pin; pin = pin->next) {
        pin->removed = pin->removed || pin->id == id;
        kept = kept || pin->id == id;
    }
    pthread_mutex_unlock(&pins->lock);
    return kept;
}
