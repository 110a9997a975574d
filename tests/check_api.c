/*
 * Runs the suites that use the library as a program does, over real sockets, against the bundled origin.
 */
#include "fixture.h"
#include "suites.h"

#include <stdlib.h>

int main(void)
{
    fixture_start();
    SRunner *runner = srunner_create(http_suite());
    srunner_add_suite(runner, promise_suite());
    srunner_add_suite(runner, callback_suite());
    srunner_add_suite(runner, transfer_suite());
    srunner_add_suite(runner, failure_suite());
    srunner_add_suite(runner, dispatch_suite());
    srunner_add_suite(runner, fork_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    fixture_stop();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
