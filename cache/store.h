/*
 * Where stored responses are kept: the interface of a store, whatever it is made of.
 *
 * A store knows entries and not why they are stored: that is the policy's. Its functions are called from several
 * threads at once. None of them breaks a request: a store that fails says so, in the log, once, and is then as good as
 * empty.
 */
#ifndef AH_STORE_H
#define AH_STORE_H

#include "asynchttp.h"
#include "cache/entry.h"

typedef struct ah_store ah_store;
typedef struct ah_store_writer ah_store_writer;

typedef enum ah_store_result {
    AH_STORE_OK,
    /* It is not there, or not any more. */
    AH_STORE_ABSENT,
    /* The store failed, or there was no memory. */
    AH_STORE_FAILED,
    /* The sink wanted no more. */
    AH_STORE_STOPPED,
} ah_store_result;

/* Takes a piece of content. False: no more is wanted. */
typedef bool ah_store_sink(void *data, const void *content, size_t length);

/* Is told of one entry, without its content. False: no more is wanted. */
typedef bool ah_store_visitor(void *data, const ah_entry *entry);

/* How much there is, and how much had to go. */
typedef struct ah_store_size {
    uint64_t entries;
    uint64_t bytes;
    uint64_t evictions;
} ah_store_size;

typedef struct ah_store_methods {
    /* The stored responses for the URI, the last that came first. The content of the first may come along, if it is
     * complete and not large. AH_STORE_ABSENT: none. *found must be empty, and is so unless the result is OK. */
    ah_store_result (*find)(ah_store *store, const char *uri, ah_entries *found);

    /* Hands a range of an entry's content, all of which is there, to the sink, in pieces of a bounded size.
     * AH_STORE_ABSENT and _FAILED may come after some pieces. */
    ah_store_result (*read)(ah_store *store, const ah_entry *entry, ah_range range, ah_store_sink *sink, void *data);

    /*
     * Begins to store a response of which the head is known: all of the entry but id, length, ranges and size. The
     * content follows, from byte `offset` of the representation on (0 but for a part). Nothing can be found before the
     * commit. NULL: failed, or more is announced than may be stored. Does not touch the disk.
     */
    ah_store_writer *(*begin)(ah_store *store, const ah_entry *entry, uint64_t offset);

    /* False: it failed, or the entry has become too large; the writer is then only good for being aborted. */
    bool (*write)(ah_store_writer *writer, const void *content, size_t length);

    /*
     * The content has ended. The entry replaces the count entries `replaced` of the same URI, and those with the same
     * method and selecting fields; entry is what begin() was given, with what has become known since: fields, length,
     * partial. A complete entry whose length is known and not what was written is not stored. All happens at once, or
     * nothing. Frees the writer. AH_STORE_ABSENT: what is stored for the URI was removed since the entry's mark, by
     * remove_uri() or clear(), and the entry may be older than that.
     *
     * A partial entry is joined with the partial one that is stored under the entry's id, if that is not 0: the head is
     * replaced, and the ranges of both are there. When they are all of the content, the stored entry is complete: it is
     * not partial any more. A large part may be joined piece by piece before the head is replaced. AH_STORE_ABSENT: there
     * is no such entry of the URI any more, or it has another length, and nothing was stored.
     */
    ah_store_result (*commit)(ah_store_writer *writer, const ah_entry *entry, const int64_t *replaced, size_t count);

    /* Nothing is stored. Frees the writer. */
    void (*abort)(ah_store_writer *writer);

    /* Replaces the head of a stored entry: fields, times, status. The content stays. */
    ah_store_result (*update)(ah_store *store, const ah_entry *entry);

    ah_store_result (*remove)(ah_store *store, const ah_entry *entry);

    /* Removes all of a URI, since it has changed, and keeps what was asked for before from being stored; but not what
     * has that mark, which stays as good as it was (NULL: there is nothing to be spared). */
    ah_store_result (*remove_uri)(ah_store *store, const char *uri, ah_mark *mark);

    /* The mark of what is asked for now. */
    ah_mark (*mark)(ah_store *store);

    /* The entry has been used, which keeps it from eviction. Cheap: noted in memory and written now and then. */
    void (*touch)(ah_store *store, const ah_entry *entry);

    /* Removes everything; visits everything; counts. NULL: such a store cannot. */
    ah_store_result (*clear)(ah_store *store);
    ah_store_result (*each)(ah_store *store, ah_store_visitor *visitor, void *data);
    ah_store_result (*measure)(ah_store *store, ah_store_size *size);

    /* Writes what is only in memory yet: what touch() has noted. */
    void (*flush)(ah_store *store);

    /* No other call is under way or follows, and no writer is left. */
    void (*free)(ah_store *store);
} ah_store_methods;

/* What every store begins with. */
struct ah_store {
    const ah_store_methods *methods;
};

/* And every writer. */
struct ah_store_writer {
    ah_store *store;
};

#endif
