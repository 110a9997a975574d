/*
 * Runs the suites that use the library as a program does, over real sockets, against the bundled origin.
 */
#include "fixture.h"
#include "suites.h"

#include <stdlib.h>
#include <string.h>

/* Each suite has a server of its own, so that it can count that server's connections. */
static int run(Suite *suite)
{
    fixture_start();
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fixture_stop();
    return failed;
}

int main(void)
{
    /* What the library reads of its environment is what a test puts there. */
    static const char *const variables[] = {"HTTPLIB2_CA_CERTS", "http_proxy", "https_proxy",  "HTTPS_PROXY",
                                            "no_proxy",          "NO_PROXY",   "ASYNCHTTP_LOG"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    int failed = run(http_suite());
    failed += run(promise_suite());
    failed += run(callback_suite());
    failed += run(transfer_suite());
    failed += run(redirect_suite());
    failed += run(authentication_suite());
    failed += run(cache_suite());
    failed += run(stored_suite());
    failed += run(collapse_suite());
    failed += run(large_suite());
    failed += run(failure_suite());
    failed += run(dispatch_suite());
    failed += run(waiting_suite());
    /* Its children must be those of a process of their own. */
    const char *mode = getenv("CK_FORK");
    if (!mode || strcmp(mode, "no") != 0)
        failed += run(fork_suite());
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
