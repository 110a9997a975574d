/*
 * Runs the suites of the modules that do no I/O.
 */
#include "sanitized.h"
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    SRunner *runner = srunner_create(buffer_suite());
    srunner_add_suite(runner, challenge_suite());
    srunner_add_suite(runner, codes_suite());
    srunner_add_suite(runner, date_suite());
    srunner_add_suite(runner, decoder_suite());
    srunner_add_suite(runner, digest_suite());
    srunner_add_suite(runner, directives_suite());
    srunner_add_suite(runner, entry_suite());
    srunner_add_suite(runner, event_suite());
    srunner_add_suite(runner, fields_suite());
    srunner_add_suite(runner, freshness_suite());
    srunner_add_suite(runner, frames_suite());
    srunner_add_suite(runner, habit_suite());
    srunner_add_suite(runner, heap_suite());
    srunner_add_suite(runner, log_suite());
    srunner_add_suite(runner, mapping_suite());
    srunner_add_suite(runner, nap_suite());
    srunner_add_suite(runner, outcome_suite());
    srunner_add_suite(runner, pages_suite());
    srunner_add_suite(runner, paging_suite());
    srunner_add_suite(runner, parker_suite());
    srunner_add_suite(runner, poller_suite());
    srunner_add_suite(runner, pool_suite());
    srunner_add_suite(runner, proxy_suite());
    srunner_add_suite(runner, queue_suite());
    srunner_add_suite(runner, ranges_suite());
    srunner_add_suite(runner, receiver_suite());
    srunner_add_suite(runner, record_suite());
    srunner_add_suite(runner, request_suite());
    srunner_add_suite(runner, response_suite());
    srunner_add_suite(runner, reuse_suite());
    srunner_add_suite(runner, settings_suite());
    srunner_add_suite(runner, shared_suite());
    srunner_add_suite(runner, sigpipe_suite());
    srunner_add_suite(runner, storing_suite());
    srunner_add_suite(runner, store_objects_suite());
    srunner_add_suite(runner, store_sqlite_suite());
    srunner_add_suite(runner, timers_suite());
    srunner_add_suite(runner, uri_suite());
    srunner_add_suite(runner, validators_suite());
    srunner_add_suite(runner, vary_suite());
    srunner_add_suite(runner, yielding_suite());
    /* A process for each of so many tests takes a sanitizer minutes. */
    if (SANITIZED)
        srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
