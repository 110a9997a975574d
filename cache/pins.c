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
    *pin = (ah_pin){.id = id, .next = pins->first};
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
