/*
 * Tests of the public functions on responses, on one that was received from a server.
 */
#include "suites.h"

#include <string.h>

#include "base/shared.h"
#include "receiver.h"
#include "response.h"

static ah_settings *settings;
static ah_request request;
static ah_outcome outcome;
static ah_receiver receiver;
static asynchttp_response *response;

static void feed(const char *line)
{
    ck_assert(ah_receiver_header(&receiver, line, strlen(line)));
}

static void receive(const char *const *lines)
{
    settings = ah_settings_new();
    ck_assert_ptr_nonnull(settings);
    request = (ah_request){.number = 1};
    outcome = (ah_outcome){0};
    ah_request_init(&request, "http://example.com/", NULL, settings, &outcome);
    ah_receiver_init(&receiver, &request, &outcome, NULL, NULL);
    for (; *lines; lines++)
        feed(*lines);
    ck_assert(ah_receiver_end(&receiver));
    response = outcome.response;
    ck_assert_ptr_nonnull(response);
}

static void setup(void)
{
    receive((const char *const[]){"HTTP/1.1 404 Not Found\r\n", "Content-Type: text/plain\r\n", "Set-Cookie: a=1\r\n",
                                  "X-Empty:\r\n", "set-cookie: b=2\r\n", "Set-Cookie: c=3\r\n", "\r\n",
                                  "X-Trailer: one\r\n", "X-Trailer: two\r\n", "\r\n", NULL});
}

static void setup_bare(void)
{
    receive((const char *const[]){"HTTP/2 200 \r\n", "\r\n", NULL});
}

static void teardown(void)
{
    ah_receiver_clear(&receiver);
    ah_outcome_clear(&outcome);
    ah_request_clear(&request);
    ah_shared_release(settings);
}

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(asynchttp_response_set(response, name, value), ASYNCHTTP_OK);
}

/* Name and value of each field in order, to its end. */
static void ck_fields(const char *const *expected)
{
    size_t count = 0;
    for (; expected[2 * count]; count++) {
        const char *name = NULL, *value = NULL;
        ck_assert(asynchttp_response_header(response, count, &name, &value));
        ck_assert_str_eq(name, expected[2 * count]);
        ck_assert_str_eq(value, expected[2 * count + 1]);
    }
    ck_assert_uint_eq(asynchttp_response_count(response), count);
}

#define FIELDS(...)                                                                                                    \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

/* ---- Reading ------------------------------------------------------------------------------- */

START_TEST(has_status_reason_and_version)
{
    ck_assert_int_eq(asynchttp_response_status(response), 404);
    ck_assert_str_eq(asynchttp_response_reason(response), "Not Found");
    ck_assert_int_eq(asynchttp_response_version(response), 11);
}
END_TEST

START_TEST(a_response_of_http_2_has_no_reason)
{
    ck_assert_int_eq(asynchttp_response_status(response), 200);
    ck_assert_str_eq(asynchttp_response_reason(response), "");
    ck_assert_int_eq(asynchttp_response_version(response), 20);
    ck_fields(FIELDS("status", "200"));
}
END_TEST

START_TEST(a_response_from_the_network_has_no_past)
{
    ck_assert(!asynchttp_response_fromcache(response));
    ck_assert_ptr_null(asynchttp_response_previous(response));
}
END_TEST

START_TEST(a_response_from_the_cache_says_so)
{
    response->fromcache = true;
    ck_assert(asynchttp_response_fromcache(response));
}
END_TEST

/* They are freed along with the last one. */
START_TEST(previous_responses_form_a_chain)
{
    asynchttp_response *second = ah_response_new(), *first = ah_response_new();
    ck_assert(second && first);
    ck_assert_int_eq(asynchttp_response_set(first, "location", "/second"), ASYNCHTTP_OK);
    ck_assert_int_eq(asynchttp_response_set(second, "location", "/last"), ASYNCHTTP_OK);
    second->previous = first;
    response->previous = second;
    ck_assert_ptr_eq(asynchttp_response_previous(response), second);
    ck_assert_ptr_eq(asynchttp_response_previous(second), first);
    ck_assert_ptr_null(asynchttp_response_previous(first));
    ck_assert_str_eq(asynchttp_response_get(asynchttp_response_previous(response), "Location"), "/last");
}
END_TEST

START_TEST(a_response_that_was_never_filled_reads_as_empty)
{
    bool no_memory;
    asynchttp_response *empty = ah_response_new();
    ck_assert_ptr_nonnull(empty);
    ck_assert_str_eq(asynchttp_response_reason(empty), "");
    ck_assert_uint_eq(asynchttp_response_count(empty), 0);
    ck_assert_ptr_null(asynchttp_response_get(empty, "status"));
    ck_assert(!ah_response_read_status(empty, "no", 2, &no_memory));
    ck_assert(!no_memory);
    ah_response_free(empty);
    ah_response_free(NULL);
}
END_TEST

START_TEST(fields_are_listed_in_order_of_arrival)
{
    ck_fields(FIELDS("content-type", "text/plain", "set-cookie", "a=1, b=2, c=3", "x-empty", "", "status", "404"));
}
END_TEST

START_TEST(name_or_value_may_be_left_out_of_the_list)
{
    const char *name = NULL, *value = NULL;
    ck_assert(asynchttp_response_header(response, 0, &name, NULL));
    ck_assert_str_eq(name, "content-type");
    ck_assert(asynchttp_response_header(response, 1, NULL, &value));
    ck_assert_str_eq(value, "a=1, b=2, c=3");
    ck_assert(asynchttp_response_header(response, 2, NULL, NULL));
}
END_TEST

static const size_t beyond[] = {4, 5, 1000, (size_t)-1};

START_TEST(nothing_is_listed_past_the_end)
{
    const char *name = "name", *value = "value";
    ck_assert(!asynchttp_response_header(response, beyond[_i], &name, &value));
    ck_assert_str_eq(name, "name");
    ck_assert_str_eq(value, "value");
}
END_TEST

START_TEST(names_may_have_any_case)
{
    ck_assert_str_eq(asynchttp_response_get(response, "content-type"), "text/plain");
    ck_assert_str_eq(asynchttp_response_get(response, "CONTENT-Type"), "text/plain");
    ck_assert(asynchttp_response_contains(response, "Content-TYPE"));
    ck_assert_str_eq(asynchttp_response_values(response, "SET-COOKIE", 1), "b=2");
    ck_assert_str_eq(asynchttp_response_trailer(response, "x-TRAILER"), "one, two");
    set("CONTENT-TYPE", "text/html");
    ck_assert_str_eq(asynchttp_response_get(response, "Content-Type"), "text/html");
    ck_assert(asynchttp_response_delete(response, "cONTENT-tYPE"));
    ck_assert(!asynchttp_response_contains(response, "content-type"));
}
END_TEST

static const char *const absent[] = {"",   "content", "content-type2", "x-trailer", "content type", " content-type",
                                     "404"};

START_TEST(a_field_that_is_not_there_is_null)
{
    ck_assert_ptr_null(asynchttp_response_get(response, absent[_i]));
    ck_assert(!asynchttp_response_contains(response, absent[_i]));
    ck_assert_ptr_null(asynchttp_response_values(response, absent[_i], 0));
    ck_assert(!asynchttp_response_delete(response, absent[_i]));
    ck_assert_uint_eq(asynchttp_response_count(response), 4);
}
END_TEST

START_TEST(an_empty_field_is_there)
{
    ck_assert(asynchttp_response_contains(response, "x-empty"));
    ck_assert_str_eq(asynchttp_response_get(response, "x-empty"), "");
    ck_assert_str_eq(asynchttp_response_values(response, "x-empty", 0), "");
}
END_TEST

START_TEST(repeated_values_can_be_had_one_by_one)
{
    ck_assert_str_eq(asynchttp_response_values(response, "set-cookie", 0), "a=1");
    ck_assert_str_eq(asynchttp_response_values(response, "set-cookie", 1), "b=2");
    ck_assert_str_eq(asynchttp_response_values(response, "set-cookie", 2), "c=3");
    ck_assert_ptr_null(asynchttp_response_values(response, "set-cookie", 3));
    ck_assert_ptr_null(asynchttp_response_values(response, "set-cookie", (size_t)-1));
    ck_assert_str_eq(asynchttp_response_values(response, "content-type", 0), "text/plain");
    ck_assert_ptr_null(asynchttp_response_values(response, "content-type", 1));
}
END_TEST

START_TEST(trailers_are_no_header_fields)
{
    ck_assert_str_eq(asynchttp_response_trailer(response, "x-trailer"), "one, two");
    ck_assert(!asynchttp_response_contains(response, "x-trailer"));
    ck_assert_ptr_null(asynchttp_response_trailer(response, "content-type"));
    set("x-trailer", "header");
    ck_assert_str_eq(asynchttp_response_trailer(response, "x-trailer"), "one, two");
}
END_TEST

/* ---- Changing ------------------------------------------------------------------------------ */

START_TEST(set_replaces_in_place_and_adds_at_the_end)
{
    set("Set-Cookie", " new ");
    set("Added", "1");
    ck_fields(FIELDS("content-type", "text/plain", "set-cookie", "new", "x-empty", "", "status", "404", "added", "1"));
    ck_assert_str_eq(asynchttp_response_values(response, "set-cookie", 0), "new");
    ck_assert_ptr_null(asynchttp_response_values(response, "set-cookie", 1));
}
END_TEST

START_TEST(what_was_read_can_be_set)
{
    set("content-type", asynchttp_response_get(response, "content-type"));
    set("set-cookie", asynchttp_response_get(response, "set-cookie"));
    set("set-cookie", asynchttp_response_values(response, "set-cookie", 0) + 5);
    ck_fields(FIELDS("content-type", "text/plain", "set-cookie", "b=2, c=3", "x-empty", "", "status", "404"));
}
END_TEST

START_TEST(setting_the_status_field_leaves_the_status)
{
    set("status", "200");
    ck_assert_str_eq(asynchttp_response_get(response, "status"), "200");
    ck_assert_int_eq(asynchttp_response_status(response), 404);
    ck_assert(asynchttp_response_delete(response, "status"));
    ck_assert_int_eq(asynchttp_response_status(response), 404);
}
END_TEST

START_TEST(delete_removes_all_values)
{
    ck_assert(asynchttp_response_delete(response, "set-cookie"));
    ck_assert(!asynchttp_response_delete(response, "set-cookie"));
    ck_assert_ptr_null(asynchttp_response_values(response, "set-cookie", 0));
    ck_fields(FIELDS("content-type", "text/plain", "x-empty", "", "status", "404"));
}
END_TEST

START_TEST(fields_can_be_deleted_by_the_names_in_the_list)
{
    const char *name;
    while (asynchttp_response_header(response, 0, &name, NULL))
        ck_assert(asynchttp_response_delete(response, name));
    ck_assert_uint_eq(asynchttp_response_count(response), 0);
    set("a", "1");
    ck_fields(FIELDS("a", "1"));
}
END_TEST

static const struct bad_field {
    const char *name;
    const char *value;
} bad_fields[] = {
    {"", "x"},
    {"a b", "x"},
    {"a:", "x"},
    {"a\n", "x"},
    {"\xc3\xa4", "x"},
    {"(a)", "x"},
    {"\"a\"", "x"},
    {"a", "b\nc"},
    {"a", "b\r\nc: d"},
    {"a", "b\rc"},
    {"a", "b\n"},
    {"a", "\n"},
    {"set-cookie", "\r\n"},
    {"set cookie", "x"},
    {"status", "2\n00"},
};

START_TEST(bad_names_and_values_change_nothing)
{
    ck_assert_int_eq(asynchttp_response_set(response, bad_fields[_i].name, bad_fields[_i].value),
                     ASYNCHTTP_E_INVALID_ARGUMENT);
    ck_fields(FIELDS("content-type", "text/plain", "set-cookie", "a=1, b=2, c=3", "x-empty", "", "status", "404"));
}
END_TEST

static const char *const values[] = {"", "x", "a\tb", "\xc3\xa4 \xff", "\"quoted, text\"", "a: b; c=d"};

START_TEST(values_may_be_any_text)
{
    set("a", values[_i]);
    ck_assert_str_eq(asynchttp_response_get(response, "a"), values[_i]);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *response_suite(void)
{
    Suite *suite = suite_create("response");
    TCase *read = tcase_create("read");
    tcase_add_checked_fixture(read, setup, teardown);
    tcase_add_test(read, has_status_reason_and_version);
    tcase_add_test(read, a_response_from_the_network_has_no_past);
    tcase_add_test(read, a_response_from_the_cache_says_so);
    tcase_add_test(read, previous_responses_form_a_chain);
    tcase_add_test(read, a_response_that_was_never_filled_reads_as_empty);
    tcase_add_test(read, fields_are_listed_in_order_of_arrival);
    tcase_add_test(read, name_or_value_may_be_left_out_of_the_list);
    tcase_add_loop_test(read, nothing_is_listed_past_the_end, 0, ROWS(beyond));
    tcase_add_test(read, names_may_have_any_case);
    tcase_add_loop_test(read, a_field_that_is_not_there_is_null, 0, ROWS(absent));
    tcase_add_test(read, an_empty_field_is_there);
    tcase_add_test(read, repeated_values_can_be_had_one_by_one);
    tcase_add_test(read, trailers_are_no_header_fields);
    suite_add_tcase(suite, read);
    TCase *bare = tcase_create("bare");
    tcase_add_checked_fixture(bare, setup_bare, teardown);
    tcase_add_test(bare, a_response_of_http_2_has_no_reason);
    suite_add_tcase(suite, bare);
    TCase *change = tcase_create("change");
    tcase_add_checked_fixture(change, setup, teardown);
    tcase_add_test(change, set_replaces_in_place_and_adds_at_the_end);
    tcase_add_test(change, what_was_read_can_be_set);
    tcase_add_test(change, setting_the_status_field_leaves_the_status);
    tcase_add_test(change, delete_removes_all_values);
    tcase_add_test(change, fields_can_be_deleted_by_the_names_in_the_list);
    tcase_add_loop_test(change, bad_names_and_values_change_nothing, 0, ROWS(bad_fields));
    tcase_add_loop_test(change, values_may_be_any_text, 0, ROWS(values));
    suite_add_tcase(suite, change);
    return suite;
}
