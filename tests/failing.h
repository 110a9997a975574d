/*
 * Calls that can be made to fail. The library is compiled once more with this header before every file, so that its
 * own calls, and nobody else's, come here.
 */
#ifndef FAILING_H
#define FAILING_H

#include <curl/curl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__linux__)
#include <sys/epoll.h>
#endif

/* From now on the turn-th call fails, counted from 1. */
void failing_begin(long turn);

/* No call fails any more. Returns how many there were since failing_begin(). */
long failing_end(void);

/* Blocks of memory that the library has and has not freed. */
long failing_blocks(void);

void *failing_malloc(size_t size);
void *failing_calloc(size_t count, size_t size);
void *failing_realloc(void *block, size_t size);
char *failing_strdup(const char *text);
char *failing_strndup(const char *text, size_t length);
void failing_free(void *block);
void *failing_mmap(void *address, size_t size, int protection, int flags, int descriptor, off_t offset);
int failing_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *data);
CURL *failing_curl_easy_init(void);
CURLM *failing_curl_multi_init(void);
CURLMcode failing_curl_multi_add_handle(CURLM *multi, CURL *easy);
struct curl_slist *failing_curl_slist_append(struct curl_slist *list, const char *text);
#if defined(__linux__)
int failing_epoll_create1(int flags);
int failing_epoll_ctl(int set, int operation, int descriptor, struct epoll_event *event);
#endif
int failing_EVP_Digest(const void *data, size_t count, unsigned char *digest, unsigned *length, const EVP_MD *type,
                       ENGINE *engine);

#ifdef FAILING_LIBRARY
#undef strdup
#undef strndup
#define malloc failing_malloc
#define calloc failing_calloc
#define realloc failing_realloc
#define strdup failing_strdup
#define strndup failing_strndup
#define free failing_free
#define mmap failing_mmap
#define pthread_create failing_pthread_create
#define curl_easy_init failing_curl_easy_init
#define curl_multi_init failing_curl_multi_init
#define curl_multi_add_handle failing_curl_multi_add_handle
#define curl_slist_append failing_curl_slist_append
#define epoll_create1 failing_epoll_create1
#define epoll_ctl failing_epoll_ctl
#define EVP_Digest failing_EVP_Digest
#endif

#endif
