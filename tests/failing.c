#include "failing.h"

#include <errno.h>
#include <stdatomic.h>

static atomic_long failing;
static atomic_long calls;
static atomic_long blocks;

void failing_begin(long turn)
{
    atomic_store(&calls, 0);
    atomic_store(&failing, turn);
}

long failing_end(void)
{
    atomic_store(&failing, 0);
    return atomic_load(&calls);
}

long failing_blocks(void)
{
    return atomic_load(&blocks);
}

static bool fails(void)
{
    return atomic_fetch_add(&calls, 1) + 1 == atomic_load(&failing);
}

static void *counted(void *block)
{
    if (block)
        atomic_fetch_add(&blocks, 1);
    return block;
}

void *failing_malloc(size_t size)
{
    return fails() ? NULL : counted(malloc(size));
}

void *failing_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(calloc(count, size));
}

void *failing_realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    return block ? realloc(block, size) : counted(malloc(size));
}

char *failing_strdup(const char *text)
{
    return fails() ? NULL : counted(strdup(text));
}

char *failing_strndup(const char *text, size_t length)
{
    return fails() ? NULL : counted(strndup(text, length));
}

void failing_free(void *block)
{
    if (block)
        atomic_fetch_sub(&blocks, 1);
    free(block);
}

void *failing_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    return fails() ? MAP_FAILED : mmap(address, size, protection, flags, descriptor, offset);
}

int failing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *data)
{
    return fails() ? EAGAIN : pthread_create(thread, attributes, run, data);
}

CURL *failing_curl_easy_init(void)
{
    return fails() ? NULL : curl_easy_init();
}

CURLM *failing_curl_multi_init(void)
{
    return fails() ? NULL : curl_multi_init();
}

CURLMcode failing_curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    return fails() ? CURLM_OUT_OF_MEMORY : curl_multi_add_handle(multi, easy);
}

struct curl_slist *failing_curl_slist_append(struct curl_slist *list, const char *text)
{
    return fails() ? NULL : curl_slist_append(list, text);
}

int failing_EVP_Digest(const void *data, size_t count, unsigned char *digest, unsigned *length, const EVP_MD *type,
                       ENGINE *engine)
{
    return fails() ? 0 : EVP_Digest(data, count, digest, length, type, engine);
}

#if defined(__linux__)

static int fails_with(int error)
{
    errno = error;
    return -1;
}

int failing_epoll_create1(int flags)
{
    return fails() ? fails_with(EMFILE) : epoll_create1(flags);
}

int failing_epoll_ctl(int set, int operation, int descriptor, struct epoll_event *event)
{
    /* Not one that makes something smaller. */
    bool can_fail = operation == EPOLL_CTL_ADD;
    return can_fail && fails() ? fails_with(ENOSPC) : epoll_ctl(set, operation, descriptor, event);
}

#endif
