/*
 * redis: a cache in Redis, which programs on many machines share.
 *
 * It is made of three functions that workers call at any time: a lock guards the one connection. What is stored goes
 * after a day. When Redis is not there, requests go to the network.
 *
 *     cc -o redis redis.c $(pkg-config --cflags --libs asynchttp hiredis)
 *     ./redis 127.0.0.1 6379 URL
 *
 * SPDX-License-Identifier: MIT
 */
#include <asynchttp.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Sends a command, over a new connection after an error. Returns what it is answered with; a string is copied. */
static int ask(redisContext *redis, void **value, size_t *length, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    pthread_mutex_lock(&lock);
    bool connected = !redis->err || redisReconnect(redis) == REDIS_OK;
    redisReply *reply = connected ? redisvCommand(redis, format, arguments) : NULL;
    pthread_mutex_unlock(&lock);
    va_end(arguments);
    int type = reply ? reply->type : REDIS_REPLY_ERROR;
    if (type == REDIS_REPLY_STRING && (*value = malloc(reply->len + 1)))
        memcpy(*value, reply->str, *length = reply->len);
    freeReplyObject(reply);
    return type;
}

static int get(void *redis, const char *key, void **value, size_t *length)
{
    int type = ask(redis, value, length, "GET %s", key);
    return type == REDIS_REPLY_STRING && *value ? 0 : type == REDIS_REPLY_NIL ? 1 : -1;
}

static int set(void *redis, const char *key, const void *value, size_t length)
{
    return ask(redis, NULL, NULL, "SET %s %b EX 86400", key, value, length) == REDIS_REPLY_STATUS ? 0 : -1;
}

static int delete_value(void *redis, const char *key)
{
    return ask(redis, NULL, NULL, "DEL %s", key) == REDIS_REPLY_INTEGER ? 0 : -1;
}

static bool fetch(asynchttp_http *http, const char *url)
{
    asynchttp_response *response;
    asynchttp_promise *promise = asynchttp_http_request(http, url, NULL);
    bool good = promise && !asynchttp_promise_response(promise, &response);
    if (good)
        printf("from the %s\n", asynchttp_response_fromcache(response) ? "cache" : "network");
    asynchttp_promise_free(promise);
    return good;
}

int main(int argc, char **argv)
{
    static const asynchttp_cache_methods methods = {get, set, delete_value, NULL};
    redisContext *redis = argc == 4 ? redisConnectWithTimeout(argv[1], atoi(argv[2]), (struct timeval){2, 0}) : NULL;
    asynchttp_cache *cache = redis ? asynchttp_cache_new(&methods, redis) : NULL;
    asynchttp_http *http = asynchttp_http_new(NULL);
    signal(SIGPIPE, SIG_IGN); /* A connection that Redis has closed is an error, not the end. */
    bool ok = http && cache && !asynchttp_http_set_cache(http, cache) && fetch(http, argv[3]) && fetch(http, argv[3]);
    if (!ok)
        fprintf(stderr, "redis: the URL cannot be fetched; usage: redis HOST PORT URL\n");
    asynchttp_http_free(http);
    asynchttp_cache_free(cache);
    redisFree(redis);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
