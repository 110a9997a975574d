#include "base/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapping.h"

/* Tools that watch memory are to see each piece as one allocation. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define AH_PLAIN_MEMORY 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define AH_PLAIN_MEMORY 1
#endif
#if !defined(AH_PLAIN_MEMORY)
#define AH_PLAIN_MEMORY 0
#endif

/* Pieces of 128 bytes, and of eight sizes in each doubling from there on, up to AH_POOL_MOST. */
enum { LEAST_BITS = 7, EIGHTH_BITS = 3, EIGHTHS = 1 << EIGHTH_BITS, DOUBLINGS = 9, SIZES = 2 + DOUBLINGS * EIGHTHS };

_Static_assert(AH_POOL_MOST == (EIGHTHS + 1) << (LEAST_BITS + DOUBLINGS - EIGHTH_BITS), "the last of the sizes");

/* Which of the sizes holds so many bytes, at most AH_POOL_MOST. */
static unsigned rank_of(size_t size)
{
    unsigned bits = LEAST_BITS;
    if (size <= (size_t)1 << LEAST_BITS)
        return 0;
    while ((size - 1) >> (bits + 1))
        bits++;
    return 1 + (bits - LEAST_BITS) * EIGHTHS + (unsigned)((size - 1) >> (bits - EIGHTH_BITS)) % EIGHTHS;
}

static size_t size_of(unsigned rank)
{
    if (rank == 0)
        return (size_t)1 << LEAST_BITS;
    return (size_t)(EIGHTHS + 1 + (rank - 1) % EIGHTHS) << (LEAST_BITS - EIGHTH_BITS + (rank - 1) / EIGHTHS);
}

size_t ah_pool_size(size_t size)
{
    return size > AH_POOL_MOST ? size : size_of(rank_of(size));
}

/* Aligned to its size, so that a piece tells where its chunk begins. */
static const size_t chunk_size = (size_t)256 << 10;
/* New memory is asked for so much at a time, more as a chunk fills: a page fault for each page would cost several times
 * as much. */
static const size_t least_step = (size_t)16 << 10;
static const size_t most_step = (size_t)64 << 10;
/* With more chunks than that there is going to be much more memory, and others come from regions that each lie on one
 * large page, if the system has any: one page fault for eight chunks. */
enum { MOST_SMALL = 16 };
static const size_t region_size = (size_t)2 << 20;
/* How many chunks without a piece in use are kept while there are users, beside one of each size: 16 MiB. */
enum { MOST_IDLE = 64 };

typedef struct piece {
    struct piece *next;
} piece;

/* What a chunk begins with. */
typedef struct chunk {
    /* Among those of its shelf that have room. */
    struct chunk *next;
    struct chunk *previous;
    /* Pieces that were given back. */
    piece *returned;
    /* How many pieces are in use. */
    size_t used;
    /* From here on none has ever been. */
    size_t fresh;
    /* Up to here it is known to have memory. */
    size_t touched;
    unsigned rank;
    unsigned generation;
} chunk;

/* The chunks of one size. */
typedef struct shelf {
    _Alignas(64) pthread_mutex_t lock;
    /* Those that have room. */
    chunk *first;
} shelf;

/* Where chunks come from. */
struct source {
    pthread_mutex_t lock;
    /* How many there are. */
    size_t chunks;
    /* What is left of the last region. */
    char *next;
    char *end;
};

static shelf shelves[SIZES];
static struct source source;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool prepared;
/* All memory is malloc()'s. */
static bool plain;
static atomic_uint users;
/* How many chunks have no piece in use. */
static atomic_uint idle;
/* How many forks there are between the first process and this one. */
static atomic_uint generation;

static void make_shelves(void)
{
    for (unsigned i = 0; i < SIZES; i++) {
        pthread_mutex_init(&shelves[i].lock, NULL);
        shelves[i].first = NULL;
    }
    source = (struct source){.chunks = 0};
    pthread_mutex_init(&source.lock, NULL);
}

/* A child of fork() begins with nothing: its parent's threads may have been at work on any of it. */
static void begin_anew(void)
{
    make_shelves();
    atomic_store_explicit(&users, 0, memory_order_relaxed);
    atomic_store_explicit(&idle, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&generation, 1, memory_order_relaxed);
}

/* LeakSanitizer, which a program may bring along, does not look for pointers in what is mapped. */
#if defined(__GNUC__) && defined(__ELF__)
extern void __lsan_do_leak_check(void) __attribute__((weak));
static bool has_leak_check(void)
{
    return __lsan_do_leak_check != NULL;
}
#else
static bool has_leak_check(void)
{
    return false;
}
#endif

static void prepare(void)
{
    const char *wanted = getenv("ASYNCHTTP_POOL");
    plain = wanted && *wanted ? strcmp(wanted, "0") == 0 : AH_PLAIN_MEMORY || has_leak_check();
    make_shelves();
    if (!ah_mapping_exists() || pthread_atfork(NULL, NULL, begin_anew))
        plain = true;
    atomic_store_explicit(&prepared, true, memory_order_release);
}

static void ensure_prepared(void)
{
    if (!atomic_load_explicit(&prepared, memory_order_acquire))
        pthread_once(&once, prepare);
}

/* ---- Chunks ---- */

static void link_chunk(shelf *on, chunk *linked)
{
    linked->previous = NULL;
    linked->next = on->first;
    if (on->first)
        on->first->previous = linked;
    on->first = linked;
}

static void unlink_chunk(shelf *on, chunk *linked)
{
    if (linked->next)
        linked->next->previous = linked->previous;
    if (linked->previous)
        linked->previous->next = linked->next;
    else
        on->first = linked->next;
}

/* Aligned to its size, which is a power of two. NULL: no memory. */
static char *map(size_t size)
{
    return ah_mapping_new(size, size);
}

/* Begins a region; without memory for one, none. */
static void map_region_locked(void)
{
    source.next = map(region_size);
    source.end = source.next ? source.next + region_size : NULL;
    if (source.next)
        ah_mapping_prefer_large(source.next, region_size);
}

static char *take_memory_locked(void)
{
    if (source.chunks < MOST_SMALL)
        return map(chunk_size);
    if (source.next == source.end)
        map_region_locked();
    if (!source.next)
        return map(chunk_size);
    char *taken = source.next;
    source.next += chunk_size;
    return taken;
}

/* NULL: no memory. */
static chunk *map_chunk(void)
{
    pthread_mutex_lock(&source.lock);
    char *memory = take_memory_locked();
    source.chunks += memory ? 1 : 0;
    pthread_mutex_unlock(&source.lock);
    if (memory)
        ah_mapping_populate(memory, least_step);
    return (chunk *)(void *)memory;
}

/* Gives back what no chunk has been made of. */
static void unmap_rest(void)
{
    pthread_mutex_lock(&source.lock);
    if (source.next != source.end)
        ah_mapping_free(source.next, (size_t)(source.end - source.next));
    source.next = source.end = NULL;
    pthread_mutex_unlock(&source.lock);
}

static void unmap_idle(chunk *gone)
{
    atomic_fetch_sub_explicit(&idle, 1, memory_order_relaxed);
    ah_mapping_free((char *)gone, chunk_size);
    pthread_mutex_lock(&source.lock);
    source.chunks--;
    pthread_mutex_unlock(&source.lock);
    if (atomic_load_explicit(&users, memory_order_relaxed) == 0)
        unmap_rest();
}

/* The first piece begins where it is aligned as all others. */
static size_t start_of_pieces(void)
{
    return (sizeof(chunk) + 15) & ~(size_t)15;
}

static void add_chunk(shelf *to, unsigned rank)
{
    chunk *added = map_chunk();
    if (!added)
        return;
    *added = (chunk){.rank = rank,
                     .generation = atomic_load_explicit(&generation, memory_order_relaxed),
                     .fresh = start_of_pieces(),
                     .touched = least_step};
    link_chunk(to, added);
    atomic_fetch_add_explicit(&idle, 1, memory_order_relaxed);
}

static bool has_room(const chunk *one)
{
    return one->returned || one->fresh + size_of(one->rank) <= chunk_size;
}

/* Where the last piece ends. */
static size_t end_of_pieces(const chunk *one)
{
    size_t size = size_of(one->rank);
    return start_of_pieces() + (chunk_size - start_of_pieces()) / size * size;
}

/* Sees to it that the memory is there up to where pieces have been taken, and for some more. */
static void touch(chunk *one)
{
    size_t step = one->touched < most_step ? one->touched : most_step;
    size_t target = (one->fresh + step - 1) / step * step;
    if (target > end_of_pieces(one))
        target = end_of_pieces(one);
    ah_mapping_populate((char *)one + one->touched, target - one->touched);
    one->touched = target;
}

/* Of one that has room. */
static void *take_piece(chunk *one)
{
    piece *taken = one->returned;
    if (one->used++ == 0)
        atomic_fetch_sub_explicit(&idle, 1, memory_order_relaxed);
    if (taken) {
        one->returned = taken->next;
        return taken;
    }
    taken = (piece *)(void *)((char *)one + one->fresh);
    one->fresh += size_of(one->rank);
    if (one->fresh > one->touched)
        touch(one);
    return taken;
}

/* The chunk has no piece in use any more. Returns whether it is to go. */
static bool retire(const shelf *of, const chunk *one)
{
    bool alone = !of->first || (of->first == one && !one->next);
    unsigned others = atomic_fetch_add_explicit(&idle, 1, memory_order_relaxed);
    if (atomic_load_explicit(&users, memory_order_relaxed) == 0)
        return true;
    return !alone && others >= MOST_IDLE;
}

/* NULL: no memory. */
static void *obtain_piece(unsigned rank)
{
    shelf *from = &shelves[rank];
    void *taken = NULL;
    pthread_mutex_lock(&from->lock);
    if (!from->first)
        add_chunk(from, rank);
    chunk *first = from->first;
    if (first) {
        taken = take_piece(first);
        if (!has_room(first))
            unlink_chunk(from, first);
    }
    pthread_mutex_unlock(&from->lock);
    return taken;
}

static void release_piece(chunk *of, piece *returned)
{
    shelf *to = &shelves[of->rank];
    pthread_mutex_lock(&to->lock);
    bool had_room = has_room(of);
    returned->next = of->returned;
    of->returned = returned;
    bool gone = --of->used == 0 && retire(to, of);
    if (gone && had_room)
        unlink_chunk(to, of);
    if (!gone && !had_room)
        link_chunk(to, of);
    pthread_mutex_unlock(&to->lock);
    if (gone)
        unmap_idle(of);
}

/* Takes those without a piece in use from the shelf, linked by next. */
static chunk *take_idle(shelf *from)
{
    chunk *taken = NULL;
    pthread_mutex_lock(&from->lock);
    for (chunk *one = from->first, *next; one; one = next) {
        next = one->next;
        if (one->used)
            continue;
        unlink_chunk(from, one);
        one->next = taken;
        taken = one;
    }
    pthread_mutex_unlock(&from->lock);
    return taken;
}

static void trim(void)
{
    for (unsigned i = 0; i < SIZES; i++) {
        for (chunk *one = take_idle(&shelves[i]), *next; one; one = next) {
            next = one->next;
            unmap_idle(one);
        }
    }
    unmap_rest();
}

/* ---- What others call ---- */

bool ah_pool_is_plain(void)
{
    ensure_prepared();
    return plain;
}

void *ah_pool_obtain(size_t size)
{
    if (size > PTRDIFF_MAX)
        return NULL;
    ensure_prepared();
    if (plain || size > AH_POOL_MOST)
        return malloc(ah_pool_size(size));
    void *taken = obtain_piece(rank_of(size));
    if (taken)
        return taken;
    /* What is kept for other sizes may be all there is. */
    trim();
    return obtain_piece(rank_of(size));
}

void ah_pool_release(void *memory, size_t size)
{
    if (!memory || size > AH_POOL_MOST || plain) {
        free(memory);
        return;
    }
    chunk *of = (chunk *)(void *)((char *)memory - (uintptr_t)memory % chunk_size);
    /* What a child has inherited stays where it is. */
    if (of->generation == atomic_load_explicit(&generation, memory_order_relaxed))
        release_piece(of, memory);
}

void ah_pool_enter(void)
{
    ensure_prepared();
    atomic_fetch_add_explicit(&users, 1, memory_order_relaxed);
}

void ah_pool_leave(void)
{
    if (atomic_fetch_sub_explicit(&users, 1, memory_order_relaxed) == 1)
        trim();
}
