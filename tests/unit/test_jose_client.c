#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/codec.h"
#include "tests/unit/registry_fixture.h"

#define SIZE         512
#define PARTNER_ID   "amo-tadamon"
#define FORMAT_AT    0
#define SIGNATURE_AT (1 + 4 + sizeof PARTNER_ID - 1 + 32 + 16)
#define KEY_BYTES    (JOSE_CLIENT_POINT_BYTES + 16)

/* A point by its coordinates; whether it is on the curve is judged before it gets here. */
static struct jose_client_key key_of(uint8_t chance) {
    struct jose_client_key key = {.point = {4, chance}, .not_before_ms = 1, .not_after_ms = 9};
    jose_client_kid(key.point, key.kid);
    return key;
}

static struct jose_client client_of(const char *id, uint8_t chance) {
    struct jose_client client = {.tls_not_before_ms = -3,
                                 .tls_not_after_ms = INT64_MAX,
                                 .signature = key_of(chance),
                                 .encryption = key_of((uint8_t)(chance + 100))};
    (void)strcpy(client.partner_id, id);
    memset(client.tls_thumbprint, chance, sizeof client.tls_thumbprint);
    memset(client.tls_kid, chance, sizeof client.tls_kid);
    return client;
}

static size_t encode(const struct jose_client *client, uint8_t memory[static SIZE]) {
    struct buffer plain = buffer_over(memory, SIZE);
    assert_int_equal(jose_client_encode(client, &plain), ERR_OK);
    return plain.len;
}

/* The key of RFC 7515 appendix A.3; its thumbprint was computed by jwcrypto. */
static void a_kid_is_the_thumbprint_of_rfc_7638(void **state) {
    (void)state;
    uint8_t point[JOSE_CLIENT_POINT_BYTES + 2] = {4}, kid[JOSE_CLIENT_KID_BYTES], memory[64];
    struct buffer text = buffer_over(memory, sizeof memory);
    size_t len;
    assert_int_equal(
        codec_base64_decode(bytes_of_text("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
                            CODEC_STRICT, point + 1, 33, &len),
        ERR_OK);
    assert_int_equal(
        codec_base64_decode(bytes_of_text("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
                            CODEC_STRICT, point + 33, 33, &len),
        ERR_OK);
    jose_client_kid(point, kid);
    codec_base64url(&text, bytes_of(kid, sizeof kid));
    assert_true(bytes_equal_text(bytes_of(text.data, text.len),
                                 "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"));
}

static void a_client_comes_back_whole(void **state) {
    (void)state;
    uint8_t memory[SIZE];
    struct jose_client client = client_of(PARTNER_ID, 1), decoded;
    size_t len = encode(&client, memory);
    assert_int_equal(len, SIGNATURE_AT + 2 * KEY_BYTES + JOSE_CLIENT_KID_BYTES);
    assert_int_equal(jose_client_decode(bytes_of(memory, len), &decoded), ERR_OK);
    assert_memory_equal(&decoded, &client, sizeof client);
}

static void assert_refused(const uint8_t *stored, size_t len) {
    static const struct jose_client none;
    struct jose_client decoded;
    memset(&decoded, 0x55, sizeof decoded);
    assert_int_equal(jose_client_decode(bytes_of(stored, len), &decoded), ERR_CORRUPT);
    assert_memory_equal(&decoded, &none, sizeof none);
}

static void any_other_length_and_format_is_refused(void **state) {
    (void)state;
    uint8_t memory[SIZE] = {0};
    struct jose_client client = client_of(PARTNER_ID, 1);
    size_t len = encode(&client, memory);
    for (size_t cut = 0; cut < len; cut++)
        assert_refused(memory, cut);
    assert_refused(memory, len + 1);
    memory[FORMAT_AT]++;
    assert_refused(memory, len);
}

static void a_row_from_before_tls_keys_were_known_is_read(void **state) {
    (void)state;
    uint8_t memory[SIZE];
    struct jose_client client = client_of(PARTNER_ID, 1), decoded;
    size_t len = encode(&client, memory);
    memory[FORMAT_AT] = 1;
    assert_refused(memory, len);
    assert_int_equal(jose_client_decode(bytes_of(memory, len - JOSE_CLIENT_KID_BYTES), &decoded),
                     ERR_OK);
    memset(client.tls_kid, 0, sizeof client.tls_kid);
    assert_memory_equal(&decoded, &client, sizeof client);
    uint8_t again[SIZE];
    assert_int_equal(encode(&decoded, again), len - JOSE_CLIENT_KID_BYTES);
    assert_memory_equal(again, memory, len - JOSE_CLIENT_KID_BYTES);
    memory[FORMAT_AT] = 2; /* zeroes are no kid */
    memset(memory + len - JOSE_CLIENT_KID_BYTES, 0, JOSE_CLIENT_KID_BYTES);
    assert_refused(memory, len);
}

static void stored_bytes_that_no_client_can_have_are_refused(void **state) {
    (void)state;
    uint8_t good[SIZE], bad[SIZE];
    struct jose_client client = client_of(PARTNER_ID, 1);
    size_t len = encode(&client, good), encryption_at = SIGNATURE_AT + KEY_BYTES;
    memcpy(bad, good, len);
    bad[SIGNATURE_AT] = 3; /* a compressed point */
    assert_refused(bad, len);
    memcpy(bad, good, len);
    memcpy(bad + encryption_at, bad + SIGNATURE_AT, JOSE_CLIENT_POINT_BYTES);
    assert_refused(bad, len);
    memcpy(bad, good, len);
    bad[encryption_at + JOSE_CLIENT_POINT_BYTES + 8] = 0x80; /* an end before the beginning */
    assert_refused(bad, len);
    memcpy(bad, good, len);
    bad[SIGNATURE_AT - 8] = 0x80; /* of the TLS certificate */
    assert_refused(bad, len);
}

static void a_client_that_cannot_be_is_not_encoded(void **state) {
    (void)state;
    uint8_t memory[SIZE];
    struct jose_client bad[8];
    for (size_t i = 0; i < 8; i++)
        bad[i] = client_of(PARTNER_ID, 1);
    bad[0].partner_id[0] = '\0';
    bad[1].signature.kid[0] ^= 1;
    bad[2].encryption = bad[2].signature;
    bad[3].encryption.point[0] = 2;
    bad[4].signature.not_before_ms = 10;
    bad[5].tls_not_before_ms = INT64_MAX;
    bad[5].tls_not_after_ms = 0;
    memcpy(bad[6].tls_kid, bad[6].signature.kid, sizeof bad[6].tls_kid);
    memcpy(bad[7].tls_kid, bad[7].encryption.kid, sizeof bad[7].tls_kid);
    for (size_t i = 0; i < 8; i++) {
        struct buffer plain = buffer_over(memory, SIZE);
        assert_int_equal(jose_client_encode(&bad[i], &plain), ERR_MALFORMED);
        assert_int_equal(plain.len, 0);
    }
}

/* ---- in the registry ---- */

static struct registry_box box;

static int set_up(void **state) {
    (void)state;
    registry_fixture_make(&box);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    registry_fixture_remove(&box);
    return 0;
}

static void put_clients(uint8_t count) {
    struct registry_batch batch = registry_begin(box.registry);
    uint64_t sequence;
    for (uint8_t i = 0; i < count; i++) {
        const char id[] = {(char)('a' + i), '\0'};
        struct jose_client client = client_of(id, (uint8_t)(i + 1));
        registry_put_jose_client(&batch, &client);
    }
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

/* Gathers the ids, and stops at ${until}. */
struct gathered {
    char ids[8];
    size_t count;
    char until;
};

static enum err gather(void *context, const struct jose_client *client) {
    struct gathered *gathered = context;
    gathered->ids[gathered->count++] = client->partner_id[0];
    return client->partner_id[0] == gathered->until ? ERR_CLOSED : ERR_OK;
}

static bool has(const struct gathered *gathered, char id) {
    return memchr(gathered->ids, id, gathered->count) != NULL;
}

static void a_client_is_found_until_it_is_removed(void **state) {
    (void)state;
    struct jose_client found, expected = client_of("b", 2);
    struct gathered gathered = {0};
    uint64_t sequence;
    put_clients(3);
    assert_int_equal(registry_jose_client(box.registry, "b", &found), ERR_OK);
    assert_memory_equal(&found, &expected, sizeof expected);
    struct registry_batch batch = registry_begin(box.registry);
    registry_remove_jose_client(&batch, "b");
    registry_remove_jose_client(&batch, "nobody");
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
    assert_int_equal(registry_jose_client(box.registry, "b", &found), ERR_NOT_FOUND);
    assert_string_equal(found.partner_id, "");
    assert_int_equal(registry_each_jose_client(box.registry, gather, &gathered), ERR_OK);
    assert_int_equal(gathered.count, 2);
    assert_true(has(&gathered, 'a') && has(&gathered, 'c'));
}

static void a_visit_ends_with_the_first_error(void **state) {
    (void)state;
    struct gathered all = {0}, some = {0};
    put_clients(3);
    assert_int_equal(registry_each_jose_client(box.registry, gather, &all), ERR_OK);
    assert_int_equal(all.count, 3);
    some.until = all.ids[1];
    assert_int_equal(registry_each_jose_client(box.registry, gather, &some), ERR_CLOSED);
    assert_int_equal(some.count, 2);
}

static void a_client_that_cannot_be_sticks_to_the_batch(void **state) {
    (void)state;
    struct jose_client bad = client_of("a", 1), found;
    struct gathered gathered = {0};
    uint64_t sequence;
    bad.encryption = bad.signature;
    struct registry_batch batch = registry_begin(box.registry);
    registry_put_jose_client(&batch, &bad);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_MALFORMED);
    assert_int_equal(registry_jose_client(box.registry, "a", &found), ERR_NOT_FOUND);
    assert_int_equal(registry_each_jose_client(box.registry, gather, &gathered), ERR_OK);
    assert_int_equal(gathered.count, 0);
}

struct row {
    uint8_t key[64], value[SIZE];
    size_t key_len, value_len;
};

static enum err keep_row(void *context, struct bytes key, struct bytes value) {
    struct row *row = context;
    memcpy(row->key, key.data, row->key_len = key.len);
    memcpy(row->value, value.data, row->value_len = value.len);
    return ERR_CLOSED; /* the first is enough */
}

/* Flips a bit in byte ${at} (from the end when negative) of the first row. */
static void damage(int at) {
    struct row row;
    KV_TXN_CLEANUP struct kv_txn txn = kv_write(registry_kv(box.registry));
    assert_int_equal(kv_each(&txn, REGISTRY_JOSE_CLIENTS, bytes_of(NULL, 0), keep_row, &row),
                     ERR_CLOSED);
    row.value[at < 0 ? row.value_len - (size_t)-at : (size_t)at] ^= 0x10;
    kv_put(&txn, REGISTRY_JOSE_CLIENTS, bytes_of(row.key, row.key_len),
           bytes_of(row.value, row.value_len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

static void a_damaged_row_shuts_out_one_programme_alone(void **state) {
    (void)state;
    struct gathered before = {0}, after = {0};
    struct jose_client client;
    put_clients(3);
    assert_int_equal(registry_each_jose_client(box.registry, gather, &before), ERR_OK);
    const char first[] = {before.ids[0], '\0'};
    damage(-1);
    assert_int_equal(registry_jose_client(box.registry, first, &client), ERR_CORRUPT);
    assert_string_equal(client.partner_id, "");
    assert_int_equal(registry_each_jose_client(box.registry, gather, &after), ERR_OK);
    assert_int_equal(after.count, 2);
    assert_memory_equal(after.ids, before.ids + 1, 2);
}

static void a_row_of_a_generation_that_is_not_open_makes_the_list_incomplete(void **state) {
    (void)state;
    struct gathered gathered = {0};
    put_clients(2);
    damage(1); /* the generation's upper byte */
    assert_int_equal(registry_each_jose_client(box.registry, gather, &gathered), ERR_UNAVAILABLE);
    assert_int_equal(gathered.count, 1);
}

/* Registries made before there were such clients have no table for them. */
static void an_older_registry_gains_the_table(void **state) {
    (void)state;
    struct store_directory directory = store_fixture_directory();
    struct kv_options older = {.path = directory.path,
                               .map_bytes = 1u << 24,
                               .tables = registry_tables,
                               .table_count = REGISTRY_JOSE_CLIENTS,
                               .file_mode = 0640};
    struct kv *kv;
    struct registry *registry;
    struct gathered gathered = {0};
    assert_int_equal(kv_open(&kv, &older), ERR_OK);
    struct kv_txn txn = kv_write(kv);
    kv_put(&txn, REGISTRY_META, bytes_of_text("format"), bytes_of("\0\1", 2));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    kv_close(kv);
    /* A reader waits for the writer, which makes it. */
    assert_int_equal(registry_open(&registry, directory.path, false, box.keys), ERR_NOT_FOUND);
    assert_int_equal(registry_open(&registry, directory.path, true, box.keys), ERR_OK);
    assert_int_equal(registry_each_jose_client(registry, gather, &gathered), ERR_OK);
    registry_close(registry);
    assert_int_equal(registry_open(&registry, directory.path, false, box.keys), ERR_OK);
    registry_close(registry);
    store_fixture_remove(&directory);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kid_is_the_thumbprint_of_rfc_7638),
        cmocka_unit_test(a_client_comes_back_whole),
        cmocka_unit_test(any_other_length_and_format_is_refused),
        cmocka_unit_test(a_row_from_before_tls_keys_were_known_is_read),
        cmocka_unit_test(stored_bytes_that_no_client_can_have_are_refused),
        cmocka_unit_test(a_client_that_cannot_be_is_not_encoded),
        TEST(a_client_is_found_until_it_is_removed),
        TEST(a_visit_ends_with_the_first_error),
        TEST(a_client_that_cannot_be_sticks_to_the_batch),
        TEST(a_damaged_row_shuts_out_one_programme_alone),
        TEST(a_row_of_a_generation_that_is_not_open_makes_the_list_incomplete),
        TEST(an_older_registry_gains_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
