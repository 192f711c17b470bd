#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "authd/core/programmes.h"
#include "tests/unit/core_fixture.h"
#include "tests/unit/store_fixture.h"

/* A registry with two programmes, its writer, and what core has of it. */
struct desk {
    struct store_directory directory;
    struct record_keys *keys;
    struct registry *writer, *reader;
    struct programmes *programmes;
};

enum wire { BY_MOSIP, BY_JOSE };

static struct jose_client client_of_two_keys(void) {
    struct jose_client client = {.tls_not_after_ms = 1};
    client.signature.point[0] = client.encryption.point[0] = 4;
    client.signature.point[1] = 1;
    client.encryption.point[1] = 2;
    jose_client_kid(client.signature.point, client.signature.kid);
    jose_client_kid(client.encryption.point, client.encryption.kid);
    return client;
}

static void put_programme(struct registry_batch *batch, const char *id) {
    struct partner partner = {.status = STATUS_ACTIVE};
    struct api_key key = {.status = STATUS_ACTIVE, .policy_id = "policy"};
    struct jose_client client = client_of_two_keys();
    snprintf(partner.id, sizeof(partner.id), "%s", id);
    snprintf(key.partner_id, sizeof(key.partner_id), "%s", id);
    snprintf(client.partner_id, sizeof(client.partner_id), "%s", id);
    registry_put_partner(batch, &partner);
    registry_put_api_key(batch, "key", &key);
    registry_put_jose_client(batch, &client);
}

static void commit(struct registry_batch *batch) {
    uint64_t sequence;
    assert_int_equal(registry_commit(batch, &sequence), ERR_OK);
}

static void begin(struct desk *desk) {
    desk->directory = store_fixture_directory();
    desk->keys = store_fixture_keys(1);
    assert_int_equal(registry_open(&desk->writer, desk->directory.path, true, desk->keys), ERR_OK);
    assert_int_equal(registry_open(&desk->reader, desk->directory.path, false, desk->keys), ERR_OK);
    assert_int_equal(programmes_new(&desk->programmes), ERR_OK);
    struct registry_batch batch;
    const struct policy policy = {
        .id = "policy", .status = STATUS_ACTIVE, .token_type = AUTH_TOKEN_PARTNER};
    const struct misp misp = {.id = "licence-holder", .status = STATUS_ACTIVE};
    batch = registry_begin(desk->writer);
    put_programme(&batch, "health");
    put_programme(&batch, "schools");
    registry_put_policy(&batch, &policy);
    registry_put_misp(&batch, "licence", &misp);
    commit(&batch);
}

static void end(struct desk *desk) {
    programmes_free(desk->programmes);
    registry_close(desk->reader);
    registry_close(desk->writer);
    record_keys_free(desk->keys);
    store_fixture_remove(&desk->directory);
}

/* A request as it stands when its programme is looked for, and after. */
static struct request *ask(struct desk *desk, enum wire wire, const char *id, const char *key) {
    struct request *request = core_fixture_request();
    request->edge.profile = wire == BY_JOSE ? EDGE_PROFILE_JOSE : EDGE_PROFILE_MOSIP;
    snprintf(request->envelope.partner_id, sizeof(request->envelope.partner_id), "%s", id);
    snprintf(request->envelope.api_key, sizeof(request->envelope.api_key), "%s", key);
    if (wire == BY_MOSIP)
        snprintf(request->envelope.misp_license_key, sizeof(request->envelope.misp_license_key),
                 "licence");
    assert_int_equal(programmes_load(desk->programmes, desk->reader, request), ERR_OK);
    return request;
}

static enum programme_status status_of(struct desk *desk, enum wire wire, const char *id) {
    struct request *request = ask(desk, wire, id, "key");
    enum programme_status status = request->partner.status;
    assert_true(request->has_partner && request->has_api_key && request->has_policy);
    assert_string_equal(request->partner.id, id);
    assert_string_equal(request->policy.id, "policy");
    assert_true(request->has_misp == (wire == BY_MOSIP));
    assert_true(request->jose.has_client == (wire == BY_JOSE));
    if (wire == BY_JOSE)
        assert_string_equal(request->jose.client.partner_id, id);
    core_fixture_free(request);
    return status;
}

static void what_is_kept_is_what_was_read(void **state) {
    (void)state;
    struct desk desk;
    begin(&desk);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(status_of(&desk, BY_MOSIP, "health"), STATUS_ACTIVE);
        assert_int_equal(status_of(&desk, BY_JOSE, "health"), STATUS_ACTIVE);
        assert_int_equal(status_of(&desk, BY_JOSE, "schools"), STATUS_ACTIVE);
    }
    end(&desk);
}

static void a_suspension_holds_for_the_next_request(void **state) {
    (void)state;
    struct desk desk;
    struct registry_batch batch;
    begin(&desk);
    assert_int_equal(status_of(&desk, BY_JOSE, "health"), STATUS_ACTIVE);
    const struct partner suspended = {.id = "health", .status = STATUS_SUSPENDED};
    batch = registry_begin(desk.writer);
    registry_put_partner(&batch, &suspended);
    commit(&batch);
    assert_int_equal(status_of(&desk, BY_JOSE, "health"), STATUS_SUSPENDED);
    assert_int_equal(status_of(&desk, BY_MOSIP, "health"), STATUS_SUSPENDED);
    assert_int_equal(status_of(&desk, BY_JOSE, "schools"), STATUS_ACTIVE);
    end(&desk);
}

static void a_client_that_was_taken_away_is_gone(void **state) {
    (void)state;
    struct desk desk;
    struct registry_batch batch;
    begin(&desk);
    assert_int_equal(status_of(&desk, BY_JOSE, "health"), STATUS_ACTIVE);
    batch = registry_begin(desk.writer);
    registry_remove_jose_client(&batch, "health");
    commit(&batch);
    struct request *request = ask(&desk, BY_JOSE, "health", "key");
    assert_true(request->has_partner);
    assert_false(request->jose.has_client);
    core_fixture_free(request);
    end(&desk);
}

static void one_programmes_key_opens_nothing_with_anothers_name(void **state) {
    (void)state;
    struct desk desk;
    begin(&desk);
    assert_int_equal(status_of(&desk, BY_JOSE, "health"), STATUS_ACTIVE);
    const char *const wrong[][2] = {{"health", "keys"}, {"health", ""}, {"healt", "key"}};
    for (size_t i = 0; i < 3; i++) {
        struct request *request = ask(&desk, BY_JOSE, wrong[i][0], wrong[i][1]);
        assert_false(request->has_api_key);
        assert_false(request->has_policy);
        core_fixture_free(request);
    }
    end(&desk);
}

/* More programmes than are kept: each is found all the same, first and last. */
static void more_than_there_is_room_for_are_served(void **state) {
    (void)state;
    struct desk desk;
    struct registry_batch batch;
    char id[16];
    begin(&desk);
    batch = registry_begin(desk.writer);
    for (unsigned i = 0; i < PROGRAMMES_KEPT + 3; i++) {
        snprintf(id, sizeof(id), "programme-%u", i);
        put_programme(&batch, id);
    }
    commit(&batch);
    for (unsigned i = 0; i < 2 * (PROGRAMMES_KEPT + 3); i++) {
        snprintf(id, sizeof(id), "programme-%u", i % (PROGRAMMES_KEPT + 3));
        assert_int_equal(status_of(&desk, BY_JOSE, id), STATUS_ACTIVE);
    }
    end(&desk);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_what_was_read),
        cmocka_unit_test(a_suspension_holds_for_the_next_request),
        cmocka_unit_test(a_client_that_was_taken_away_is_gone),
        cmocka_unit_test(one_programmes_key_opens_nothing_with_anothers_name),
        cmocka_unit_test(more_than_there_is_room_for_are_served),
    };
    store_fixture_secrets();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
