/*
 * Tests of lib/outcome.h.
 */
#include "suites.h"

#include <string.h>

#include "outcome.h"
#include "response.h"

START_TEST(nothing_went_wrong_at_first)
{
    ah_outcome outcome = {0};
    ck_assert_int_eq(outcome.code, ASYNCHTTP_OK);
    ck_assert_str_eq(ah_outcome_message(&outcome), "");
}
END_TEST

START_TEST(an_error_has_its_message)
{
    ah_outcome outcome = {0};
    ah_outcome_fail(&outcome, ASYNCHTTP_E_TIMEOUT, "%s: %d seconds", "example.com", 5);
    ck_assert_int_eq(outcome.code, ASYNCHTTP_E_TIMEOUT);
    ck_assert_str_eq(ah_outcome_message(&outcome), "example.com: 5 seconds");
    ah_outcome_clear(&outcome);
}
END_TEST

START_TEST(the_first_error_stays)
{
    ah_outcome outcome = {0};
    ah_outcome_fail(&outcome, ASYNCHTTP_E_TIMEOUT, "first");
    ah_outcome_fail(&outcome, ASYNCHTTP_E_CANCELLED, "second");
    ck_assert_int_eq(outcome.code, ASYNCHTTP_E_TIMEOUT);
    ck_assert_str_eq(ah_outcome_message(&outcome), "first");
    ah_outcome_clear(&outcome);
}
END_TEST

/* As it is when there was no memory for the message. */
START_TEST(an_error_without_message_has_that_of_its_code)
{
    ah_outcome outcome = {.code = ASYNCHTTP_E_NO_MEMORY};
    ck_assert_str_eq(ah_outcome_message(&outcome), asynchttp_strerror(ASYNCHTTP_E_NO_MEMORY));
    ah_outcome_fail(&outcome, ASYNCHTTP_E_CANCELLED, "second");
    ck_assert_str_eq(ah_outcome_message(&outcome), asynchttp_strerror(ASYNCHTTP_E_NO_MEMORY));
    ah_outcome_clear(&outcome);
}
END_TEST

START_TEST(a_message_may_be_long)
{
    ah_outcome outcome = {0};
    char text[5000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ah_outcome_fail(&outcome, ASYNCHTTP_E_TIMEOUT, "%s!", text);
    ck_assert_uint_eq(strlen(ah_outcome_message(&outcome)), sizeof(text));
    ah_outcome_explain(&outcome, "%s?", text);
    ck_assert_uint_eq(strlen(ah_outcome_message(&outcome)), 2 * sizeof(text));
    ah_outcome_clear(&outcome);
}
END_TEST

START_TEST(explaining_appends)
{
    ah_outcome outcome = {0};
    ah_outcome_fail(&outcome, ASYNCHTTP_E_TIMEOUT, "Late");
    ah_outcome_explain(&outcome, " [%s:%d]", "main.c", 7);
    ah_outcome_explain(&outcome, "%s", "!");
    ck_assert_int_eq(outcome.code, ASYNCHTTP_E_TIMEOUT);
    ck_assert_str_eq(ah_outcome_message(&outcome), "Late [main.c:7]!");
    ah_outcome_clear(&outcome);
}
END_TEST

START_TEST(explaining_appends_to_the_codes_own_text)
{
    ah_outcome outcome = {.code = ASYNCHTTP_E_CANCELLED};
    ah_outcome_explain(&outcome, " [%s:%d]", "main.c", 7);
    ck_assert_str_eq(ah_outcome_message(&outcome), "The request was cancelled [main.c:7]");
    ah_outcome_clear(&outcome);
}
END_TEST

START_TEST(success_needs_no_explanation)
{
    ah_outcome outcome = {0};
    ah_outcome_explain(&outcome, " [%s:%d]", "main.c", 7);
    ck_assert_str_eq(ah_outcome_message(&outcome), "");
    ah_outcome_clear(&outcome);
}
END_TEST

/* A message may hold what a server or a program wrote. */
START_TEST(messages_are_no_formats)
{
    ah_outcome outcome = {0};
    ah_outcome_fail(&outcome, ASYNCHTTP_E_TIMEOUT, "%s", "%d%n");
    ah_outcome_explain(&outcome, "%s", "%s%n");
    ck_assert_str_eq(ah_outcome_message(&outcome), "%d%n%s%n");
    ah_outcome_clear(&outcome);
}
END_TEST

START_TEST(clearing_leaves_it_as_at_first)
{
    static const ah_outcome none = {0};
    ah_outcome outcome = {.curl_code = 28, .response = ah_response_new(), .content.maximum = 100};
    ck_assert_ptr_nonnull(outcome.response);
    ck_assert(ah_buffer_append_string(&outcome.content, "content"));
    ah_outcome_fail(&outcome, ASYNCHTTP_E_TIMEOUT, "Late");
    ah_outcome_clear(&outcome);
    ck_assert_int_eq(outcome.code, none.code);
    ck_assert_int_eq(outcome.curl_code, none.curl_code);
    ck_assert_ptr_null(outcome.message);
    ck_assert_ptr_null(outcome.response);
    ck_assert_ptr_null(outcome.content.data);
    ck_assert_uint_eq(outcome.content.length, 0);
    ck_assert_uint_eq(outcome.content.maximum, 0);
    ck_assert_str_eq(ah_outcome_message(&outcome), "");
    ah_outcome_fail(&outcome, ASYNCHTTP_E_CANCELLED, "Again");
    ck_assert_str_eq(ah_outcome_message(&outcome), "Again");
    ah_outcome_clear(&outcome);
    ah_outcome_clear(&outcome);
}
END_TEST

Suite *outcome_suite(void)
{
    Suite *suite = suite_create("outcome");
    TCase *fail = tcase_create("fail");
    tcase_add_test(fail, nothing_went_wrong_at_first);
    tcase_add_test(fail, an_error_has_its_message);
    tcase_add_test(fail, the_first_error_stays);
    tcase_add_test(fail, an_error_without_message_has_that_of_its_code);
    tcase_add_test(fail, a_message_may_be_long);
    tcase_add_test(fail, messages_are_no_formats);
    suite_add_tcase(suite, fail);
    TCase *explain = tcase_create("explain");
    tcase_add_test(explain, explaining_appends);
    tcase_add_test(explain, explaining_appends_to_the_codes_own_text);
    tcase_add_test(explain, success_needs_no_explanation);
    suite_add_tcase(suite, explain);
    TCase *clear = tcase_create("clear");
    tcase_add_test(clear, clearing_leaves_it_as_at_first);
    suite_add_tcase(suite, clear);
    return suite;
}
