/*
 * The suites of all test programs: tests/check_MODULE.c exports MODULE_suite().
 */
#ifndef SUITES_H
#define SUITES_H

#include <check.h>

/* check_units */
Suite *buffer_suite(void);
Suite *challenge_suite(void);
Suite *codes_suite(void);
Suite *date_suite(void);
Suite *decoder_suite(void);
Suite *digest_suite(void);
Suite *directives_suite(void);
Suite *entry_suite(void);
Suite *event_suite(void);
Suite *fields_suite(void);
Suite *freshness_suite(void);
Suite *frames_suite(void);
Suite *habit_suite(void);
Suite *heap_suite(void);
Suite *log_suite(void);
Suite *mapping_suite(void);
Suite *nap_suite(void);
Suite *outcome_suite(void);
Suite *pages_suite(void);
Suite *paging_suite(void);
Suite *parker_suite(void);
Suite *poller_suite(void);
Suite *pool_suite(void);
Suite *proxy_suite(void);
Suite *queue_suite(void);
Suite *ranges_suite(void);
Suite *receiver_suite(void);
Suite *record_suite(void);
Suite *request_suite(void);
Suite *response_suite(void);
Suite *reuse_suite(void);
Suite *settings_suite(void);
Suite *shared_suite(void);
Suite *sigpipe_suite(void);
Suite *storing_suite(void);
Suite *store_objects_suite(void);
Suite *store_sqlite_suite(void);
Suite *timers_suite(void);
Suite *uri_suite(void);
Suite *validators_suite(void);
Suite *vary_suite(void);

/* check_api */
Suite *authentication_suite(void);
Suite *cache_suite(void);
Suite *callback_suite(void);
Suite *collapse_suite(void);
Suite *dispatch_suite(void);
Suite *failure_suite(void);
Suite *fork_suite(void);
Suite *http_suite(void);
Suite *large_suite(void);
Suite *promise_suite(void);
Suite *redirect_suite(void);
Suite *stored_suite(void);
Suite *transfer_suite(void);
Suite *waiting_suite(void);
Suite *yielding_suite(void);

#endif
