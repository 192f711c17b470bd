#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/frame.h"
#include "tests/lib/wire_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define KEY             "0123456789abc-_Z"

static uint8_t memory[FRAME_PAYLOAD_MAX];
static struct edge_client clients[EDGE_CLIENTS_MAX + 1];

static struct bytes view(const char *text) {
    return bytes_of_text(text);
}

static struct bytes zeroes(size_t len) {
    static const uint8_t zero[EDGE_BODY_MAX + 1];
    return bytes_of(zero, len);
}

/* Writes ${value} and gives what the reader says of it. */
#define READ_BACK(name, type, writer, reader)                                                      \
    static enum err name(const type *value, type *read) {                                          \
        struct buffer target = buffer_over(memory, sizeof memory);                                 \
        struct bytes payload;                                                                      \
        writer(&target, value);                                                                    \
        assert_int_equal(buffer_end(&target, &payload), ERR_OK);                                   \
        return reader(payload, read);                                                              \
    }
READ_BACK(request_through, struct edge_request, edge_wire_put_request, edge_wire_get_request)
READ_BACK(question_through, struct edge_request, unseal_wire_put_envelope_question,
          unseal_wire_get_envelope_question)
READ_BACK(answer_through, struct edge_answer, edge_wire_put_answer, edge_wire_get_answer)

static struct edge_request jose_sample(void) {
    struct edge_request request = {
        .method = EDGE_POST,
        .path = view("/v1/authentications"),
        .profile = EDGE_PROFILE_JOSE,
        .media = EDGE_MEDIA_JOSE,
        .has_idempotency_key = true,
        .idempotency_key = view(KEY),
        .body = view("a.b.c"),
        .received_boot_ms = 123456,
    };
    memset(request.client_thumbprint, 7, sizeof request.client_thumbprint);
    return request;
}

static void a_request_comes_through_with_every_field(void **state) {
    (void)state;
    struct edge_request sent = wire_sample_request(), read;
    assert_int_equal(request_through(&sent, &read), ERR_OK);
    assert_int_equal(read.profile, EDGE_PROFILE_MOSIP);
    assert_int_equal(read.media, EDGE_MEDIA_JSON);
    assert_int_equal(read.method, EDGE_POST);
    assert_true(bytes_equal(read.path, sent.path));
    assert_true(read.has_signature && read.has_authorization);
    assert_true(bytes_equal(read.signature, sent.signature));
    assert_true(bytes_equal(read.authorization, sent.authorization));
    assert_true(bytes_equal(read.body, sent.body));
    assert_int_equal(read.received_boot_ms, 123456);
    assert_false(read.has_idempotency_key);

    assert_int_equal(question_through(&sent, &read), ERR_OK);
    assert_true(bytes_equal(read.path, sent.path));
    assert_true(bytes_equal(read.signature, sent.signature));
    assert_true(bytes_equal(read.body, sent.body));
    assert_int_equal(read.received_boot_ms, 0);
}

static void a_jose_request_comes_through_with_every_field(void **state) {
    (void)state;
    struct edge_request sent = jose_sample(), read;
    assert_int_equal(request_through(&sent, &read), ERR_OK);
    assert_int_equal(read.profile, EDGE_PROFILE_JOSE);
    assert_int_equal(read.media, EDGE_MEDIA_JOSE);
    assert_memory_equal(read.client_thumbprint, sent.client_thumbprint,
                        sizeof read.client_thumbprint);
    assert_true(read.has_idempotency_key);
    assert_true(bytes_equal_text(read.idempotency_key, KEY));
    assert_true(bytes_equal(read.body, sent.body));
    assert_false(read.has_signature || read.has_authorization);
}

static void a_request_of_the_largest_parts_fits_a_frame(void **state) {
    (void)state;
    static char path[EDGE_PATH_MAX];
    memset(path, '/', sizeof path);
    struct edge_request sent = wire_sample_request(), read;
    sent.path = bytes_of(path, sizeof path);
    sent.signature = zeroes(EDGE_SIGNATURE_MAX);
    sent.authorization = zeroes(EDGE_AUTHORIZATION_MAX);
    sent.body = zeroes(EDGE_BODY_MAX);
    assert_int_equal(request_through(&sent, &read), ERR_OK);
    assert_int_equal(question_through(&sent, &read), ERR_OK);
    sent.body = zeroes(EDGE_BODY_MAX + 1);
    assert_int_equal(request_through(&sent, &read), ERR_TOO_LARGE);
    assert_int_equal(question_through(&sent, &read), ERR_TOO_LARGE);
}

static void a_request_that_edge_could_not_have_sent_is_refused(void **state) {
    (void)state;
    struct edge_request read;
    struct edge_request refused[14];
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        refused[i] = wire_sample_request();
    refused[0].method = 0;
    refused[1].method = (enum edge_method)3;
    refused[2].path = view("");
    refused[3].path = view("idauthentication");
    refused[4].has_signature = false;
    refused[5].has_authorization = false;
    refused[6].received_boot_ms = -1;
    refused[7].signature = zeroes(EDGE_SIGNATURE_MAX + 1);
    refused[8].profile = 0;
    refused[9].profile = (enum edge_profile)3;
    refused[10].media = (enum edge_media)4;
    refused[11].client_thumbprint[31] = 1;
    refused[12].idempotency_key = view(KEY);
    refused[13].has_idempotency_key = true;
    refused[13].idempotency_key = view(KEY);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_not_equal(request_through(&refused[i], &read), ERR_OK);
}

static void a_jose_request_without_a_certificate_is_refused(void **state) {
    (void)state;
    struct edge_request sent = jose_sample(), read;
    memset(sent.client_thumbprint, 0, sizeof sent.client_thumbprint);
    assert_int_equal(request_through(&sent, &read), ERR_MALFORMED);
    assert_int_equal(read.profile, 0);
}

static void a_jose_request_has_no_headers_of_the_other_profile(void **state) {
    (void)state;
    struct edge_request sent = jose_sample(), read;
    sent.has_signature = true;
    assert_int_equal(request_through(&sent, &read), ERR_MALFORMED);
    sent = jose_sample();
    sent.has_authorization = true;
    assert_int_equal(request_through(&sent, &read), ERR_MALFORMED);
}

static void an_idempotency_key_is_16_to_64_of_base64url(void **state) {
    (void)state;
    static const char *const refused[] = {"",
                                          "0123456789abcde",
                                          "0123456789abcde.",
                                          "0123456789abcde ",
                                          "0123456789abcde\xc3\xa9",
                                          "0123456789abcde\n",
                                          KEY KEY KEY KEY "x"};
    struct edge_request sent = jose_sample(), read;
    assert_true(edge_wire_is_idempotency_key(view(KEY KEY KEY KEY)));
    assert_false(edge_wire_is_idempotency_key(zeroes(16)));
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        sent.idempotency_key = view(refused[i]);
        assert_false(edge_wire_is_idempotency_key(sent.idempotency_key));
        assert_int_not_equal(request_through(&sent, &read), ERR_OK);
    }
}

static void an_answer_comes_through_with_every_field(void **state) {
    (void)state;
    struct edge_answer sent = wire_sample_answer(), read;
    sent.status = 429;
    sent.content = EDGE_PROBLEM;
    sent.max_age_seconds = 600;
    sent.retry_after_seconds = 17;
    assert_int_equal(answer_through(&sent, &read), ERR_OK);
    assert_int_equal(read.status, 429);
    assert_int_equal(read.content, EDGE_PROBLEM);
    assert_int_equal(read.max_age_seconds, 600);
    assert_int_equal(read.retry_after_seconds, 17);
    assert_true(bytes_equal(read.signature, sent.signature));
    assert_true(bytes_equal(read.body, sent.body));
}

static void an_answer_carries_nothing_that_breaks_a_header(void **state) {
    (void)state;
    struct edge_answer sent = wire_sample_answer(), read;
    for (unsigned c = 0; c < 256; c++) {
        const uint8_t text[] = {'a', (uint8_t)c};
        bool good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    c == '-' || c == '_' || c == '.';
        sent.signature = bytes_of(text, sizeof text);
        assert_int_equal(answer_through(&sent, &read), good ? ERR_OK : ERR_MALFORMED);
    }
}

static void an_answer_has_a_status_that_core_may_give(void **state) {
    (void)state;
    struct edge_answer sent = wire_sample_answer(), read;
    for (unsigned status = 0; status < 1000; status++) {
        bool good = (status >= 200 && status <= 202) || status / 100 == 4 || status == 503;
        sent.status = (uint16_t)status;
        assert_int_equal(answer_through(&sent, &read), good ? ERR_OK : ERR_MALFORMED);
    }
}

static void an_answer_without_content_has_no_body(void **state) {
    (void)state;
    struct edge_answer sent = wire_sample_answer(), read;
    sent.content = EDGE_NO_CONTENT;
    assert_int_equal(answer_through(&sent, &read), ERR_MALFORMED);
    sent.body = view("");
    assert_int_equal(answer_through(&sent, &read), ERR_OK);
    sent.content = (enum edge_content)(EDGE_PROBLEM + 1);
    assert_int_equal(answer_through(&sent, &read), ERR_MALFORMED);
}

/* Clients. */

static struct bytes clients_written(size_t count) {
    struct buffer target = buffer_over(memory, sizeof memory);
    struct bytes payload;
    for (size_t i = 0; i < count; i++) {
        memset(clients[i].thumbprint, 0x80, sizeof clients[i].thumbprint);
        clients[i].thumbprint[0] = (uint8_t)i;
        clients[i].thumbprint[1] = (uint8_t)(i >> 8);
        clients[i].not_before_ms = (int64_t)i - 10;
        clients[i].not_after_ms = (int64_t)i - 10 + (i > 0);
    }
    edge_wire_put_clients(&target, clients, count);
    assert_int_equal(buffer_end(&target, &payload), ERR_OK);
    return payload;
}

static void a_full_list_of_clients_comes_through(void **state) {
    (void)state;
    static struct edge_client read[EDGE_CLIENTS_MAX];
    size_t count = 0;
    struct bytes payload = clients_written(EDGE_CLIENTS_MAX);
    assert_int_equal(edge_wire_get_clients(payload, read, &count), ERR_OK);
    assert_int_equal(count, EDGE_CLIENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(read[i].thumbprint, clients[i].thumbprint, EDGE_THUMBPRINT_BYTES);
        assert_int_equal(read[i].not_before_ms, clients[i].not_before_ms);
        assert_int_equal(read[i].not_after_ms, clients[i].not_after_ms);
    }
    payload = clients_written(0);
    assert_int_equal(edge_wire_get_clients(payload, read, &count), ERR_OK);
    assert_int_equal(count, 0);
}

static void more_clients_than_there_is_room_for_are_refused(void **state) {
    (void)state;
    static struct edge_client read[EDGE_CLIENTS_MAX];
    size_t count = 1;
    struct bytes payload = clients_written(EDGE_CLIENTS_MAX + 1);
    assert_int_equal(edge_wire_get_clients(payload, read, &count), ERR_TOO_LARGE);
    assert_int_equal(count, 0);
}

static void a_list_of_clients_is_read_whole_or_not_at_all(void **state) {
    (void)state;
    static struct edge_client read[EDGE_CLIENTS_MAX];
    struct bytes payload = clients_written(3);
    for (size_t len = 0; len <= payload.len + 1; len++) {
        size_t count = 9;
        memory[payload.len] = 0;
        enum err err = edge_wire_get_clients(bytes_of(memory, len), read, &count);
        assert_int_equal(err == ERR_OK, len == payload.len);
        assert_int_equal(count, len == payload.len ? 3 : 0);
    }
}

static void a_client_without_a_certificate_or_with_dates_reversed_is_refused(void **state) {
    (void)state;
    static struct edge_client read[EDGE_CLIENTS_MAX];
    size_t count;
    struct edge_client client = {.thumbprint = {0}, .not_before_ms = 1, .not_after_ms = 2};
    for (int i = 0; i < 2; i++) {
        struct buffer target = buffer_over(memory, sizeof memory);
        edge_wire_put_clients(&target, &client, 1);
        assert_int_equal(edge_wire_get_clients(bytes_of(memory, target.len), read, &count),
                         ERR_MALFORMED);
        client.thumbprint[0] = 1;
        client.not_after_ms = 0;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_through_with_every_field),
        cmocka_unit_test(a_jose_request_comes_through_with_every_field),
        cmocka_unit_test(a_request_of_the_largest_parts_fits_a_frame),
        cmocka_unit_test(a_request_that_edge_could_not_have_sent_is_refused),
        cmocka_unit_test(a_jose_request_without_a_certificate_is_refused),
        cmocka_unit_test(a_jose_request_has_no_headers_of_the_other_profile),
        cmocka_unit_test(an_idempotency_key_is_16_to_64_of_base64url),
        cmocka_unit_test(an_answer_comes_through_with_every_field),
        cmocka_unit_test(an_answer_carries_nothing_that_breaks_a_header),
        cmocka_unit_test(an_answer_has_a_status_that_core_may_give),
        cmocka_unit_test(an_answer_without_content_has_no_body),
        cmocka_unit_test(a_full_list_of_clients_comes_through),
        cmocka_unit_test(more_clients_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_list_of_clients_is_read_whole_or_not_at_all),
        cmocka_unit_test(a_client_without_a_certificate_or_with_dates_reversed_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
