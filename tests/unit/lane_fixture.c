#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/x509.h>

#include "authd/wire/notify_wire.h"
#include "tests/unit/lane_fixture.h"
#include "tests/unit/unsealed_sample.h"

enum { SOCKET_BYTES = 1 << 20, TURNS_AT_REST = 3 };

static const struct {
    const char *role;
    uint16_t index;
} parties[PARTY_COUNT] = {{"edge", 0}, {"unseal", 1}, {"notify", 0},
                          {"hsm", 1},  {"hsm", 0},    {"plugin", 1}};

static struct sample_holder holder; /* the programmes' key and certificate */
static uint8_t posted_memory[FRAME_PAYLOAD_MAX];
static struct bytes posted; /* the last request */

static void put_partner(struct registry_batch *batch, const char *id) {
    struct partner partner = {
        .status = STATUS_ACTIVE, .has_certificate = true, .certificate_not_after_ms = INT64_MAX};
    struct api_key api_key = {.policy_id = "policy", .status = STATUS_ACTIVE};
    snprintf(partner.id, sizeof partner.id, "%s", id);
    snprintf(partner.name, sizeof partner.name, "%s", id);
    snprintf(api_key.partner_id, sizeof api_key.partner_id, "%s", id);
    unsigned char *at = partner.public_key;
    partner.public_key_len = (uint16_t)i2d_PUBKEY(holder.key, &at);
    assert_int_equal(EVP_Digest(holder.der, holder.der_len, partner.certificate_thumbprint, NULL,
                                EVP_sha256(), NULL),
                     1);
    registry_put_partner(batch, &partner);
    registry_put_api_key(batch, "key", &api_key);
}

void lane_fixture_identifier(unsigned person, char text[static IDENTIFIER_UIN_DIGITS + 1]) {
    snprintf(text, IDENTIFIER_UIN_DIGITS, "2%08u", person);
    assert_int_equal(
        identifier_check_digit(text, IDENTIFIER_UIN_DIGITS - 1, &text[IDENTIFIER_UIN_DIGITS - 1]),
        ERR_OK);
    text[IDENTIFIER_UIN_DIGITS] = '\0';
}

static void put_person(struct registry_batch *batch, unsigned number) {
    uint8_t lookup_key[HSM_LOOKUP_KEY_BYTES] = {(uint8_t)number};
    char text[IDENTIFIER_UIN_DIGITS + 1];
    struct identity *identity = core_fixture_identity(number);
    lane_fixture_identifier(number, text);
    registry_put_identity(batch, lookup_key, identity);
    registry_put_salt(batch, identifier_salt_modulo(text), LANE_SALT);
    identity_free(identity);
}

static void fill_registry(struct registry *registry) {
    const struct policy policy = {.id = "policy",
                                  .status = STATUS_ACTIVE,
                                  .allowed = AUTH_TYPE_BIT(AUTH_TYPE_OTP) |
                                             AUTH_TYPE_BIT(AUTH_TYPE_OTP_REQUEST) |
                                             AUTH_TYPE_BIT(AUTH_TYPE_DEMO),
                                  .token_type = AUTH_TOKEN_RANDOM};
    const struct misp misp = {.id = "misp", .status = STATUS_ACTIVE};
    struct registry_batch batch = registry_begin(registry);
    uint64_t sequence;
    put_partner(&batch, LANE_FIRST);
    put_partner(&batch, LANE_SECOND);
    registry_put_policy(&batch, &policy);
    registry_put_misp(&batch, "licence", &misp);
    for (unsigned person = 1; person <= LANE_PEOPLE; person++)
        put_person(&batch, person);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

/* As authd does: it keeps both ends of every pair. */
static void make_sockets(struct lane_box *box) {
    for (size_t i = 0; i < PARTY_COUNT; i++) {
        int ends[2];
        struct boot_peer *peer = &box->boot.peers[box->boot.peer_count++];
        assert_int_equal(frame_pair(ends, SOCKET_BYTES), ERR_OK);
        box->core_ends[i] = ends[0];
        box->test_ends[i] = ends[1];
        snprintf(peer->role, sizeof peer->role, "%s", parties[i].role);
        peer->index = parties[i].index;
        peer->lane = 1;
        peer->fd = ends[0];
    }
}

static void settle(void *context) {
    assert_int_equal(ledger_settle(context), ERR_OK);
}

static void begin_life(struct lane_box *box) {
    struct core *core = box->core;
    memset(box->lanes, 0, sizeof box->lanes);
    box->lanes[0].event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(pthread_mutex_init(&box->lanes[0].event_lock, NULL), 0);
    core->lane_count = 2;
    core->signer_count = 2;
    core->boot = &box->boot;
    core->lanes = box->lanes;
    assert_int_equal(
        registry_open(&core->registry, box->registry_directory.path, true, core->record_keys),
        ERR_OK);
    assert_int_equal(lane_open(box->lane, core, 1, NULL), ERR_OK);
    assert_int_equal(journal_start(core->journal, settle, core->ledger), ERR_OK);
    atomic_store(&core->opened, true);
    atomic_store(&core->state, BOX_OPERATIONAL);
}

/* Waits for records of its own: the first comes back with all before it, the second when every lane
 * has been told of those; then the lane takes them. */
static void await_journal(struct lane_box *box) {
    struct journal *journal = box->core->journal;
    struct pollfd back = {.fd = journal_lane_descriptor(journal, 0), .events = POLLIN};
    struct journal_entry last = {
        .kind = JOURNAL_EVENT, .payload = bytes_of_text("the last"), .lane = 0};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(journal_submit(journal, &last), ERR_OK);
        assert_int_equal(poll(&back, 1, LANE_PATIENCE_MS), 1);
        assert_ptr_equal(journal_reap(journal, 0), &last);
    }
    lane_fixture_turn(box);
}

static void end_life(struct lane_box *box) {
    await_journal(box);
    journal_close(box->core->journal);
    box->box.store.journal = NULL;
    lane_close(box->lane);
    close(box->lanes[0].event_fd);
    registry_close(box->core->registry);
}

static void greet(struct lane_box *box) {
    lane_fixture_hello(box, PARTY_SIGNER, 1);
    lane_fixture_hello(box, PARTY_OTHER_SIGNER, 2);
    lane_fixture_notifier_hello(box, 3);
    lane_fixture_turn(box);
}

void lane_fixture_make(struct lane_box *box, const char *settings) {
    const struct sample_subject subject = {.name = "programmes", .bits = 2048};
    if (holder.key == NULL)
        sample_certify(&subject, NULL, &holder);
    memset(box, 0, sizeof *box);
    core_fixture_make(&box->box, settings);
    box->core = &box->box.core;
    box->lane = &box->lanes[1];
    box->registry_directory = store_fixture_directory();
    make_sockets(box);
    begin_life(box);
    fill_registry(box->core->registry);
    greet(box);
}

void lane_fixture_remove(struct lane_box *box) {
    end_life(box);
    for (size_t i = 0; i < PARTY_COUNT; i++) {
        close(box->test_ends[i]);
        close(box->core_ends[i]);
    }
    core_fixture_remove(&box->box);
    store_fixture_remove(&box->registry_directory);
}

void lane_fixture_succeed(struct lane_box *box) {
    end_life(box);
    core_fixture_restart(&box->box);
    begin_life(box);
    greet(box);
}

static bool has_arrived(struct lane_box *box) {
    struct pollfd ends[PARTY_COUNT + 1] = {{.fd = box->lane->event_fd, .events = POLLIN}};
    for (size_t i = 0; i < PARTY_COUNT; i++)
        ends[i + 1] = (struct pollfd){.fd = box->core_ends[i], .events = POLLIN};
    return poll(ends, PARTY_COUNT + 1, 0) > 0;
}

void lane_fixture_turn(struct lane_box *box) {
    /* A peer that was dropped may leave something in its socket: that is nobody's. */
    for (unsigned rest = 0, turns = 0; rest < TURNS_AT_REST && turns < 100; turns++) {
        rest = has_arrived(box) ? 0 : rest + 1;
        assert_int_equal(serve_turn(box->lane->serve, 0), ERR_OK);
    }
}

struct frame lane_fixture_receive(struct lane_box *box, enum lane_party party, uint16_t type) {
    static uint8_t packet[FRAME_MAX_BYTES];
    struct frame frame;
    int64_t until_ms = clock_boot_ms() + LANE_PATIENCE_MS;
    enum err result = ERR_TIMEOUT;
    while (result == ERR_TIMEOUT && clock_boot_ms() < until_ms) {
        result = frame_receive(box->test_ends[party], packet, sizeof packet, &frame, 0);
        if (result ==
            ERR_TIMEOUT) /* the journal's thread wakes the lane when a record is durable */
            assert_int_equal(serve_turn(box->lane->serve, 10), ERR_OK);
    }
    if (result != ERR_OK || frame.type != type)
        fail_msg("%s %u: %s, type %u instead of %u", parties[party].role, parties[party].index,
                 err_text(result), result == ERR_OK ? frame.type : 0u, type);
    return frame;
}

bool lane_fixture_is_silent(struct lane_box *box, enum lane_party party) {
    lane_fixture_turn(box);
    struct pollfd end = {.fd = box->test_ends[party], .events = POLLIN};
    return poll(&end, 1, 0) == 0;
}

void lane_fixture_send(struct lane_box *box, enum lane_party party, const struct frame *frame) {
    assert_int_equal(frame_send(box->test_ends[party], frame, LANE_PATIENCE_MS), ERR_OK);
}

static void send_payload(struct lane_box *box, enum lane_party party, uint16_t type,
                         const struct buffer *payload) {
    struct frame frame = {.type = type};
    assert_int_equal(buffer_end(payload, &frame.payload), ERR_OK);
    lane_fixture_send(box, party, &frame);
}

void lane_fixture_hello(struct lane_box *box, enum lane_party signer, uint8_t process) {
    uint8_t memory[64];
    struct buffer payload = buffer_over(memory, sizeof memory);
    const struct hsm_hello hello = {
        .signer_index = parties[signer].index, .process_id = {process}, .provisioned = true};
    hsm_wire_put_hello(&payload, &hello);
    send_payload(box, signer, HSM_HELLO, &payload);
}

void lane_fixture_notifier_hello(struct lane_box *box, uint8_t process) {
    uint8_t memory[64];
    struct buffer payload = buffer_over(memory, sizeof memory);
    const uint8_t process_id[NOTIFY_PROCESS_ID_BYTES] = {process};
    notify_wire_put_hello(&payload, process_id);
    send_payload(box, PARTY_NOTIFIER, NOTIFY_HELLO, &payload);
}

unsigned lane_fixture_waiting(const struct lane_box *box, enum step step) {
    unsigned count = 0;
    for (size_t i = 0; i < LANE_REQUESTS_MAX; i++)
        count += box->lane->requests[i].step == step;
    return count;
}

void lane_fixture_expect_idle(const struct lane_box *box) {
    assert_int_equal(box->lane->free_count, LANE_REQUESTS_MAX);
    assert_int_equal(lane_fixture_waiting(box, STEP_FREE), LANE_REQUESTS_MAX);
}

static void write_body(const struct lane_post *post, char body[static SAMPLE_TEXT_SIZE]) {
    char identifier[IDENTIFIER_UIN_DIGITS + 1], now[CLOCK_TEXT_SIZE], rest[SAMPLE_TEXT_SIZE],
        inner[SAMPLE_TEXT_SIZE], key[SAMPLE_TEXT_SIZE];
    static const uint8_t wrapped[HSM_WRAPPED_BYTES];
    lane_fixture_identifier(post->person, identifier);
    clock_format_millis(clock_wall_ms(), now);
    sample_format(rest, "\"otpChannel\":[\"phone\"]");
    if (post->code != NULL) {
        /* The test is unseal too: what would be sealed goes as it is. */
        sample_format(rest, "{\"otp\":\"%s\",\"timestamp\":\"%s\"}", post->code, now);
        sample_base64url(bytes_of_text(rest), inner);
        sample_base64url(bytes_of(wrapped, sizeof wrapped), key);
        sample_format(
            rest,
            "\"consentObtained\":true,\"request\":\"%.2000s\",\"requestHMAC\":\"%.2000s\","
            "\"requestSessionKey\":\"%.2000s\"",
            inner, inner, key);
    }
    sample_format(body,
                  "{\"id\":\"mosip.identity.%s\",\"version\":\"1.0\",\"individualId\":\"%s\","
                  "\"individualIdType\":\"UIN\",\"transactionID\":\"%s\",\"requestTime\":\"%s\","
                  "%.8000s}",
                  post->code != NULL ? "auth" : "otp", identifier, post->transaction, now, rest);
}

uint64_t lane_fixture_post(struct lane_box *box, const struct lane_post *post) {
    static char body[SAMPLE_TEXT_SIZE], header[SAMPLE_TEXT_SIZE], signature[SAMPLE_TEXT_SIZE],
        path[SAMPLE_TEXT_SIZE];
    struct buffer payload = buffer_over(posted_memory, sizeof posted_memory);
    write_body(post, body);
    sample_jws_header(&holder, header);
    sample_jws(header, holder.key, bytes_of_text(body), signature);
    sample_format(path, "/idauthentication/v1/%s/licence/%s/key",
                  post->code != NULL ? "auth" : "otp", post->programme);
    const struct edge_request request = {.profile = EDGE_PROFILE_MOSIP,
                                         .media = EDGE_MEDIA_JSON,
                                         .method = EDGE_POST,
                                         .path = bytes_of_text(path),
                                         .has_signature = true,
                                         .signature = bytes_of_text(signature),
                                         .has_authorization = true,
                                         .authorization = bytes_of_text("Authorization"),
                                         .body = bytes_of_text(body),
                                         .received_boot_ms = clock_boot_ms()};
    edge_wire_put_request(&payload, &request);
    assert_int_equal(buffer_end(&payload, &posted), ERR_OK);
    return lane_fixture_post_again(box);
}

uint64_t lane_fixture_post_again(struct lane_box *box) {
    const struct frame frame = {
        .type = EDGE_REQUEST, .id = ++box->next_edge_id, .generation = 77, .payload = posted};
    lane_fixture_send(box, PARTY_EDGE, &frame);
    return frame.id;
}

static void post_event(struct lane_box *box, enum lane_party party, struct lane_event event) {
    snprintf(event.role, sizeof event.role, "%s", parties[party].role);
    event.index = parties[party].index;
    lane_post(box->lane, &event);
    lane_fixture_turn(box);
}

void lane_fixture_peer_down(struct lane_box *box, enum lane_party party) {
    post_event(box, party, (struct lane_event){.kind = LANE_PEER_DOWN});
}

void lane_fixture_peer_up(struct lane_box *box, enum lane_party party) {
    post_event(box, party, (struct lane_event){.kind = LANE_PEER_UP});
}

bool lane_fixture_was_reported(struct lane_box *box, enum lane_party party) {
    struct lane *control = &box->lanes[0];
    lane_fixture_turn(box);
    bool once = control->event_count == 1 && control->events[0].kind == LANE_PEER_LOST &&
                strcmp(control->events[0].role, parties[party].role) == 0 &&
                control->events[0].index == parties[party].index;
    control->event_count = 0;
    return once;
}
