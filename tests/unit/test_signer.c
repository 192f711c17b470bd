#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "hsm/checkpoint.h"
#include "hsm/unwrap.h"
#include "tests/lib/hsm_box.h"

#define NOTHING bytes_of(NULL, 0)
#define TOKEN   "262857117820347028021645134813734032"

/* A box with all keys; each test starts its own signer in it. */
static struct hsm_box box;
static const struct hsm_signer_plan first = {.index = 0};

/* What the box publishes, copied out of the answer. */
static struct {
    char text[5][16384];
    X509 *partner, *ida_fir, *sign, *root;
    uint8_t partner_der[2048];
    size_t partner_der_len;
} published;

static X509 *read_pem(const char *text) {
    BIO *memory = BIO_new_mem_buf(text, -1);
    X509 *certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL);
    BIO_free(memory);
    assert_non_null(certificate);
    return certificate;
}

static void take_publication(struct hsm_signer *signer) {
    struct hsm_publication answer;
    struct bytes payload = hsm_signer_ask(signer, signer->core, HSM_PUBLISHED, NOTHING);
    assert_int_equal(hsm_wire_get_publication(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    const struct bytes parts[5] = {answer.jwks, answer.partner_pem, answer.ida_fir_pem,
                                   answer.sign_pem, answer.root_pem};
    for (int i = 0; i < 5; i++)
        assert_int_equal(bytes_to_text(parts[i], published.text[i], sizeof published.text[i]),
                         ERR_OK);
    published.partner = read_pem(published.text[1]);
    published.ida_fir = read_pem(published.text[2]);
    published.sign = read_pem(published.text[3]);
    published.root = read_pem(published.text[4]);
    unsigned char *der = published.partner_der;
    int len = i2d_X509(published.partner, &der);
    assert_in_range(len, 1, sizeof published.partner_der);
    published.partner_der_len = (size_t)len;
}

static int make_box(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_box_make(&box);
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    hsm_signer_provision(&box, &signer);
    take_publication(&signer);
    hsm_signer_stop(&signer);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    X509_free(published.partner);
    X509_free(published.ida_fir);
    X509_free(published.sign);
    X509_free(published.root);
    hsm_box_remove(&box);
    return 0;
}

/* The question to open a content key of 32 bytes ${value}, with an id hash of bytes ${id}. */
static struct bytes unwrap_question(uint8_t value, uint8_t id) {
    static uint8_t memory[1024];
    struct hsm_unwrap question = {.purpose = HSM_PURPOSE_PARTNER, .has_id_hash = true};
    struct buffer target = buffer_over(memory, sizeof memory);
    SECRET(key);
    assert_int_equal(secret_new(&key, HSM_CONTENT_KEY_BYTES), ERR_OK);
    memset(key.data, value, key.len);
    memset(question.id_hash, id, sizeof question.id_hash);
    assert_int_equal(unwrap_seal(bytes_of(published.partner_der, published.partner_der_len), "",
                                 &key, question.wrapped),
                     ERR_OK);
    hsm_wire_put_unwrap(&target, &question);
    return hsm_signer_payload(&target);
}

static struct hsm_unwrapped read_unwrapped(struct bytes payload) {
    struct hsm_unwrapped answer;
    assert_int_equal(hsm_wire_get_unwrapped(payload, &answer), ERR_OK);
    return answer;
}

static struct hsm_unwrapped ask_unwrap(struct hsm_signer *signer, uint8_t value, uint8_t id) {
    return read_unwrapped(
        hsm_signer_ask(signer, signer->core, HSM_UNWRAP, unwrap_question(value, id)));
}

static struct bytes statement_question(void) {
    static uint8_t memory[4096];
    struct statement statement = {
        .kind = STATEMENT_AUTH,
        .id = "mosip.identity.auth",
        .version = "1.0",
        .transaction = "1234567890",
        .response_time_ms = clock_wall_ms(),
        .verdict = true,
        .token = TOKEN,
    };
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_statement(&target, &statement);
    return hsm_signer_payload(&target);
}

static enum err ask_statement(struct hsm_signer *signer, struct hsm_stated *answer) {
    struct bytes payload =
        hsm_signer_ask(signer, signer->core, HSM_STATEMENT, statement_question());
    assert_int_equal(hsm_wire_get_stated(payload, answer), ERR_OK);
    return answer->receipt.status;
}

static void every_key_is_published_under_the_box_ca(void **state) {
    (void)state;
    X509 *const leaves[] = {published.partner, published.ida_fir, published.sign};
    EVP_PKEY *authority = X509_get0_pubkey(published.root);
    assert_int_equal(X509_verify(published.root, authority), 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(X509_verify(leaves[i], authority), 1);
    json_t *jwks = json_loads(published.text[0], JSON_REJECT_DUPLICATES, NULL);
    json_t *keys = json_object_get(jwks, "keys");
    assert_int_equal(json_array_size(keys), hsm_box_has(CKM_ECDH1_DERIVE) ? 4 : 3);
    json_t *rsa = json_array_get(keys, 0), *ec = json_array_get(keys, 1);
    assert_string_equal(json_string_value(json_object_get(rsa, "kty")), "RSA");
    assert_string_equal(json_string_value(json_object_get(rsa, "alg")), "RS256");
    assert_string_equal(json_string_value(json_object_get(rsa, "use")), "sig");
    assert_string_equal(json_string_value(json_object_get(rsa, "e")), "AQAB");
    assert_int_equal(json_string_length(json_object_get(rsa, "n")), 342);
    assert_int_equal(json_string_length(json_object_get(rsa, "kid")), 43);
    assert_string_equal(json_string_value(json_object_get(ec, "kty")), "EC");
    assert_string_equal(json_string_value(json_object_get(ec, "crv")), "P-256");
    assert_string_equal(json_string_value(json_object_get(ec, "alg")), "ES256");
    assert_int_equal(json_string_length(json_object_get(ec, "x")), 43);
    assert_int_equal(json_array_size(json_object_get(ec, "x5c")), 1);
    json_decref(jwks);
}

static void a_content_key_comes_with_the_lookup_key(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_signer_serve(&box, &first, &signer);
    struct hsm_unwrapped one = ask_unwrap(&signer, 0x41, 1), two = ask_unwrap(&signer, 0x42, 2);
    assert_int_equal(one.receipt.status, ERR_OK);
    assert_int_equal(two.receipt.status, ERR_OK);
    for (size_t i = 0; i < HSM_CONTENT_KEY_BYTES; i++)
        assert_true(one.content_key[i] == 0x41 && two.content_key[i] == 0x42);
    assert_true(one.lookup.count == 1 && two.lookup.count == 1);
    assert_int_equal(one.lookup.of[0].generation, 1);
    assert_true(one.generation == 1 && two.generation == 1);
    assert_memory_not_equal(one.lookup.of[0].key, two.lookup.of[0].key, HSM_LOOKUP_KEY_BYTES);
    assert_true(two.receipt.sequence == one.receipt.sequence + 2); /* a decryption and a lookup */
    struct hsm_lookup batch = {.count = 2};
    static struct hsm_looked_up answer;
    static uint8_t memory[1024];
    struct buffer target = buffer_over(memory, sizeof memory);
    memset(batch.id_hash[0], 1, sizeof batch.id_hash[0]);
    memset(batch.id_hash[1], 2, sizeof batch.id_hash[1]);
    hsm_wire_put_lookup(&target, &batch);
    struct bytes payload =
        hsm_signer_ask(&signer, signer.provd, HSM_LOOKUP, hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_looked_up(payload, &answer), ERR_OK);
    assert_int_equal(answer.count, 2);
    assert_memory_equal(&answer.lookup[0], &one.lookup, sizeof one.lookup);
    assert_memory_equal(&answer.lookup[1], &two.lookup, sizeof two.lookup);
    hsm_signer_stop(&signer);
}

static void a_key_that_does_not_unwrap_is_a_normal_answer(void **state) {
    (void)state;
    struct hsm_signer signer;
    static uint8_t memory[1024];
    static const uint8_t fills[] = {0x00, 0x01, 0x7f, 0xff};
    hsm_signer_serve(&box, &first, &signer);
    for (size_t i = 0; i < sizeof fills; i++) {
        struct hsm_unwrap question = {.purpose = HSM_PURPOSE_IDA_FIR, .has_id_hash = true};
        struct buffer target = buffer_over(memory, sizeof memory);
        memset(question.wrapped, fills[i], sizeof question.wrapped);
        hsm_wire_put_unwrap(&target, &question);
        struct hsm_unwrapped answer = read_unwrapped(
            hsm_signer_ask(&signer, signer.core, HSM_UNWRAP, hsm_signer_payload(&target)));
        assert_int_equal(answer.receipt.status, ERR_CRYPTO);
        assert_int_equal(answer.lookup.count, 0);
    }
    struct hsm_unwrap question = {.purpose = HSM_PURPOSE_PARTNER, .has_thumbprint = true};
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_unwrap(&target, &question);
    assert_int_equal(read_unwrapped(hsm_signer_ask(&signer, signer.core, HSM_UNWRAP,
                                                   hsm_signer_payload(&target)))
                         .receipt.status,
                     ERR_NOT_FOUND);
    assert_int_equal(ask_unwrap(&signer, 1, 1).receipt.status, ERR_OK);
    hsm_signer_stop(&signer);
}

/* Verifies as a programme does: the certificate comes from the box's publication. */
static void assert_signed(const struct hsm_stated *answer) {
    static uint8_t input[65536];
    uint8_t raw[512];
    size_t raw_len;
    const uint8_t *dots = memmem(answer->signature.data, answer->signature.len, "..", 2);
    assert_non_null(dots);
    size_t header_len = (size_t)(dots - answer->signature.data);
    struct buffer target = buffer_over(input, sizeof input);
    buffer_raw(&target, answer->signature.data, header_len);
    buffer_raw(&target, ".", 1);
    codec_base64url(&target, answer->body);
    struct bytes encoded = bytes_of(dots + 2, answer->signature.len - header_len - 2);
    assert_int_equal(codec_base64_decode(encoded, CODEC_STRICT, raw, sizeof raw, &raw_len), ERR_OK);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *key = X509_get0_pubkey(published.sign);
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(context, raw, raw_len, input, target.len), 1);
    EVP_MD_CTX_free(context);
}

static void a_statement_is_written_and_signed(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_stated answer;
    hsm_signer_serve(&box, &first, &signer);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask_statement(&signer, &answer), ERR_OK);
        assert_non_null(memmem(answer.body.data, answer.body.len, "\"authStatus\":true", 17));
        assert_signed(&answer);
        assert_true(answer.receipt.sequence == (uint64_t)i + 1);
    }
    hsm_signer_stop(&signer);
}

static void a_statement_that_does_not_hold_together_is_denied(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_stated answer;
    static uint8_t memory[4096];
    struct statement statement = {.kind = STATEMENT_AUTH, .verdict = true, .token = "1"};
    struct buffer target = buffer_over(memory, sizeof memory);
    statement.response_time_ms = clock_wall_ms();
    hsm_signer_serve(&box, &first, &signer);
    hsm_wire_put_statement(&target, &statement);
    struct bytes payload =
        hsm_signer_ask(&signer, signer.core, HSM_STATEMENT, hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_stated(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_DENIED);
    assert_true(answer.receipt.sequence == 0); /* no key was used */
    hsm_signer_stop(&signer);
}

static void a_checkpoint_is_signed_by_the_published_audit_key(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_checkpointed answer;
    struct checkpoint_note note;
    static uint8_t memory[256], der[2048];
    struct hsm_checkpoint question = {.tree_size = 5, .wall_ms = 1705314030123};
    struct buffer target = buffer_over(memory, sizeof memory);
    size_t len;
    hsm_signer_serve(&box, &first, &signer);
    hsm_wire_put_checkpoint(&target, &question);
    struct bytes payload =
        hsm_signer_ask(&signer, signer.core, HSM_CHECKPOINT, hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_checkpointed(payload, &answer), ERR_OK);
    assert_int_equal(checkpoint_parse(answer.note, &note), ERR_OK);
    json_t *jwks = json_loads(published.text[0], 0, NULL);
    json_t *jwk = json_array_get(json_object_get(jwks, "keys"), 1);
    assert_string_equal(json_string_value(json_object_get(jwk, "kid")), note.kid);
    const char *base64 = json_string_value(json_array_get(json_object_get(jwk, "x5c"), 0));
    assert_int_equal(
        codec_base64_decode(bytes_of_text(base64), CODEC_STRICT, der, sizeof der, &len), ERR_OK);
    const unsigned char *at = der;
    X509 *certificate = d2i_X509(NULL, &at, (long)len);
    assert_int_equal(checkpoint_verify(&note, X509_get0_pubkey(certificate)), ERR_OK);
    X509_free(certificate);
    json_decref(jwks);
    hsm_signer_stop(&signer);
}

static enum err ask_checkpoint(struct hsm_signer *signer, uint64_t tree, uint64_t registry,
                               uint64_t state) {
    static uint8_t memory[256];
    struct hsm_checkpointed answer;
    const struct hsm_checkpoint question = {.tree_size = tree,
                                            .wall_ms = 1705314030123,
                                            .registry_sequence = registry,
                                            .state_sequence = state};
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_checkpoint(&target, &question);
    struct bytes payload =
        hsm_signer_ask(signer, signer->core, HSM_CHECKPOINT, hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_checkpointed(payload, &answer), ERR_OK);
    assert_true((answer.note.len > 0) == (answer.receipt.status == ERR_OK));
    return answer.receipt.status;
}

static struct hsm_high_water ask_high_water(struct hsm_signer *signer) {
    struct hsm_high_water answer;
    struct bytes payload = hsm_signer_ask(signer, signer->core, HSM_HIGH_WATER, NOTHING);
    assert_int_equal(hsm_wire_get_high_water(payload, &answer), ERR_OK);
    return answer;
}

static void less_than_was_signed_is_signed_by_no_heir(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(ask_checkpoint(&signer, 100, 200, 300), ERR_OK);
    /* The mark was on the disk before the answer left: the signer has no time for anything more. */
    assert_int_equal(kill(signer.process, SIGKILL), 0);
    assert_int_equal(hsm_signer_wait(&signer), -SIGKILL);
    hsm_signer_stop(&signer);
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(ask_checkpoint(&signer, 99, 200, 300), ERR_DENIED);
    assert_int_equal(ask_checkpoint(&signer, 100, 199, 300), ERR_DENIED);
    assert_int_equal(ask_checkpoint(&signer, 100, 200, 299), ERR_DENIED);
    struct hsm_high_water answer = ask_high_water(&signer);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_true(answer.receipt.sequence == 0); /* no key was used */
    assert_true(answer.mark.tree_size == 100);
    assert_true(answer.mark.registry_sequence == 200);
    assert_true(answer.mark.state_sequence == 300);
    assert_int_equal(ask_checkpoint(&signer, 100, 200, 300), ERR_OK);
    hsm_signer_stop(&signer);
}

static void only_the_first_signer_knows_of_checkpoints(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_signer_plan second = {.index = 1};
    hsm_signer_serve(&box, &second, &signer);
    assert_int_equal(ask_checkpoint(&signer, 1000, 2000, 3000), ERR_NOT_FOUND);
    assert_int_equal(ask_high_water(&signer).receipt.status, ERR_NOT_FOUND);
    hsm_signer_stop(&signer);
}

static enum err open_root(struct hsm_signer *signer, int fd, const uint8_t *wrapped,
                          struct hsm_root_opened *answer) {
    static uint8_t memory[512];
    struct hsm_open_root question = {.generation = 1};
    struct buffer target = buffer_over(memory, sizeof memory);
    memcpy(question.wrapped, wrapped, sizeof question.wrapped);
    hsm_wire_put_open_root(&target, &question);
    struct bytes payload = hsm_signer_ask(signer, fd, HSM_OPEN_ROOT, hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_root_opened(payload, answer), ERR_OK);
    return answer->receipt.status;
}

static void a_root_opens_the_same_at_every_signer_and_after_every_start(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_root_made made[2];
    struct hsm_root_opened one, two;
    hsm_signer_serve(&box, &first, &signer);
    for (int i = 0; i < 2; i++) {
        struct bytes payload = hsm_signer_ask(&signer, signer.provd, HSM_NEW_ROOT, NOTHING);
        assert_int_equal(hsm_wire_get_root_made(payload, &made[i]), ERR_OK);
        assert_int_equal(made[i].receipt.status, ERR_OK);
    }
    assert_int_equal(open_root(&signer, signer.core, made[0].wrapped, &one), ERR_OK);
    assert_int_equal(open_root(&signer, signer.provd, made[1].wrapped, &two), ERR_OK);
    assert_memory_not_equal(one.root, two.root, sizeof one.root);
    made[1].wrapped[255] ^= 1;
    assert_int_equal(open_root(&signer, signer.core, made[1].wrapped, &two), ERR_CRYPTO);
    hsm_signer_stop(&signer);
    const struct hsm_signer_plan second = {.index = 1};
    hsm_signer_serve(&box, &second, &signer);
    assert_int_equal(open_root(&signer, signer.core, made[0].wrapped, &two), ERR_OK);
    assert_memory_equal(one.root, two.root, sizeof one.root);
    hsm_signer_stop(&signer);
}

static void a_provisioned_box_generates_nothing(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_generated answer;
    hsm_signer_serve(&box, &first, &signer);
    struct bytes payload = hsm_signer_ask(&signer, signer.provd, HSM_GENERATE, NOTHING);
    assert_int_equal(hsm_wire_get_generated(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_EXISTS);
    assert_int_equal(answer.made, 0);
    assert_int_equal(ask_unwrap(&signer, 1, 1).receipt.status, ERR_OK);
    hsm_signer_stop(&signer);
}

/* The table is the permission: anything else ends the signer, unanswered. */
static void what_a_peer_may_not_ask_ends_the_signer(void **state) {
    (void)state;
    static const struct {
        uint16_t index;
        bool as_provd;
        uint16_t type;
        const char *payload;
    } questions[] = {
        {0, false, HSM_GENERATE, ""},   {0, false, HSM_NEW_ROOT, ""},
        {0, true, HSM_UNWRAP, ""},      {0, true, HSM_STATEMENT, ""},
        {0, true, HSM_CHECKPOINT, ""},  {1, true, HSM_GENERATE, ""},
        {0, false, HSM_HELLO, ""},      {0, false, HSM_STATED, ""},
        {0, false, 9999, ""},           {0, false, HSM_UNWRAP, "x"},
        {0, false, HSM_LOOKUP, ""},     {0, false, HSM_STATEMENT, "x"},
        {0, false, HSM_PUBLISHED, "x"}, {0, true, HSM_GENERATE, "x"},
        {0, true, HSM_NEW_ROOT, "x"},   {0, false, HSM_CHECKPOINT, "x"},
        {0, false, HSM_OPEN_ROOT, "x"}, {0, false, HSM_HIGH_WATER, "x"},
        {0, true, HSM_HIGH_WATER, ""},
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct hsm_signer signer;
        struct hsm_signer_plan plan = {.index = questions[i].index};
        hsm_signer_serve(&box, &plan, &signer);
        hsm_signer_send(&signer, questions[i].as_provd ? signer.provd : signer.core,
                        questions[i].type, bytes_of_text(questions[i].payload));
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
        hsm_signer_stop(&signer);
    }
}

static void a_closed_box_opens_no_content_key(void **state) {
    (void)state;
    static const struct {
        enum box_state state;
        enum err expected;
    } states[] = {
        {BOX_OPERATIONAL, ERR_OK}, {BOX_MAINTENANCE, ERR_DENIED}, {BOX_DEGRADED, ERR_OK},
        {BOX_FAILED, ERR_DENIED},  {BOX_OPERATIONAL, ERR_OK},
    };
    struct hsm_signer signer;
    struct hsm_stated answer;
    hsm_signer_serve(&box, &first, &signer);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        hsm_signer_set_state(&signer, states[i].state);
        /* The control socket and the core's are two: ask until the news has been read. */
        while (ask_unwrap(&signer, 1, 1).receipt.status != states[i].expected)
            ;
        assert_int_equal(ask_statement(&signer, &answer), ERR_OK); /* refusals are signed too */
    }
    hsm_signer_stop(&signer);
}

static void ceilings_hold_whoever_asks(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_stated answer;
    const struct hsm_signer_plan plan = {.settings =
                                             "lookups-a-second = 3\nstatements-a-second = 2\n"};
    unsigned opened = 0, stated = 0;
    hsm_signer_serve(&box, &plan, &signer);
    int64_t begun_ms = clock_boot_ms();
    for (int i = 0; i < 20; i++) {
        struct hsm_unwrapped unwrapped = ask_unwrap(&signer, 1, 1);
        opened += unwrapped.receipt.status == ERR_OK;
        assert_true(unwrapped.receipt.status == ERR_OK || unwrapped.receipt.status == ERR_LIMIT);
        stated += ask_statement(&signer, &answer) == ERR_OK;
    }
    int64_t seconds = (clock_boot_ms() - begun_ms) / 1000 + 1;
    assert_in_range(opened, 3, 3 + 3 * seconds);
    assert_in_range(stated, 2, 2 + 2 * seconds);
    hsm_signer_stop(&signer);
}

static void what_is_queued_at_a_killed_signer_is_answered_by_its_heir(void **state) {
    (void)state;
    struct hsm_signer dead, heir;
    hsm_signer_serve(&box, &first, &dead);
    assert_int_equal(kill(dead.process, SIGSTOP), 0);
    hsm_signer_send(&dead, dead.core, HSM_UNWRAP, unwrap_question(0x33, 1));
    assert_int_equal(kill(dead.process, SIGKILL), 0);
    assert_int_equal(hsm_signer_wait(&dead), -SIGKILL);
    const struct hsm_signer_plan plan = {.index = 0, .heir_of = &dead};
    hsm_signer_start(&box, &plan, &heir);
    assert_true(hsm_signer_greet(&heir).provisioned);
    struct hsm_unwrapped answer =
        read_unwrapped(hsm_signer_receive(&heir, heir.core, HSM_UNWRAPPED));
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_int_equal(answer.content_key[0], 0x33);
    hsm_signer_stop(&heir);
    (void)close(dead.control);
}

static void each_start_has_a_process_id_of_its_own(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_hello hello[2];
    for (int i = 0; i < 2; i++) {
        hsm_signer_start(&box, &first, &signer);
        hello[i] = hsm_signer_greet(&signer);
        hsm_signer_stop(&signer);
    }
    assert_memory_not_equal(hello[0].process_id, hello[1].process_id, HSM_PROCESS_ID_BYTES);
}

static void a_successor_of_a_peer_is_greeted_too(void **state) {
    (void)state;
    struct hsm_signer signer;
    struct hsm_hello hello;
    uint8_t payload[64];
    struct buffer target = buffer_over(payload, sizeof payload);
    struct frame frame = {.type = BOOT_PEER_UP};
    hsm_signer_serve(&box, &first, &signer);
    assert_int_equal(boot_encode_peer("core", 0, &target), ERR_OK);
    frame.payload = hsm_signer_payload(&target);
    assert_int_equal(frame_send(signer.control, &frame, -1), ERR_OK);
    assert_int_equal(
        hsm_wire_get_hello(hsm_signer_receive(&signer, signer.core, HSM_HELLO), &hello), ERR_OK);
    assert_true(hello.provisioned);
    hsm_signer_stop(&signer);
}

/* A module that fails: no answer, and the process ends so that another takes its place. */
static void a_failing_module_ends_the_signer(void **state) {
    (void)state;
    static const char *const faults[] = {"2:fail", "2:lost"}; /* the first opens the pepper */
    for (size_t i = 0; i < 2; i++) {
        struct hsm_signer signer;
        const struct hsm_signer_plan plan = {.fault = faults[i]};
        hsm_signer_serve(&box, &plan, &signer);
        hsm_signer_send(&signer, signer.core, HSM_UNWRAP, unwrap_question(1, 1));
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
        hsm_signer_stop(&signer);
        hsm_signer_serve(&box, &plan, &signer);
        hsm_signer_send(&signer, signer.core, HSM_STATEMENT, statement_question());
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
        hsm_signer_stop(&signer);
    }
}

/* In a confined process syslog(3) would open a socket: the module's lines must come to our log. */
static void a_module_that_logs_does_not_end_the_signer(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_signer_plan plan = {.fault = "2:say"};
    hsm_signer_serve(&box, &plan, &signer);
    assert_int_equal(ask_unwrap(&signer, 1, 1).receipt.status, ERR_OK);
    assert_int_equal(ask_unwrap(&signer, 1, 1).receipt.status, ERR_OK);
    hsm_signer_stop(&signer);
}

static void a_wrong_pin_is_tried_once_and_locks(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_signer_plan plan = {.fault = ""};
    (void)unlink(box.log_file);
    hsm_box_write_pin(&box, "314159\n", 0600);
    hsm_signer_start(&box, &plan, &signer);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_PIN_REFUSED);
    hsm_signer_stop(&signer);
    assert_int_equal(hsm_box_count(&box, "C_Login"), 1);
    hsm_box_write_pin(&box, HSM_BOX_PIN "\n", 0600);
    hsm_signer_serve(&box, &plan, &signer);
    hsm_signer_stop(&signer);
    assert_int_equal(hsm_box_count(&box, "C_Login"), 2);
}

static void a_pin_file_open_to_others_is_not_used(void **state) {
    (void)state;
    struct hsm_signer signer;
    const struct hsm_signer_plan plan = {.fault = ""};
    (void)unlink(box.log_file);
    hsm_box_write_pin(&box, HSM_BOX_PIN "\n", 0644);
    hsm_signer_start(&box, &plan, &signer);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_CONFIG);
    hsm_signer_stop(&signer);
    assert_int_equal(hsm_box_count(&box, "C_Login"), 0);
    hsm_box_write_pin(&box, HSM_BOX_PIN "\n", 0600);
}

static void a_wrong_setting_is_refused(void **state) {
    (void)state;
    static const char *const settings[] = {"no-such-setting = 1\n", "lookups-a-second = 0\n"};
    for (size_t i = 0; i < 2; i++) {
        struct hsm_signer signer;
        const struct hsm_signer_plan plan = {.settings = settings[i]};
        hsm_signer_start(&box, &plan, &signer);
        assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_CONFIG);
        hsm_signer_stop(&signer);
    }
}

/* The same label and PIN, but not the token that these keys are in. */
static void another_token_is_not_taken_for_the_first(void **state) {
    (void)state;
    struct hsm_box other;
    struct hsm_signer signer;
    char kept[96];
    hsm_box_make(&other);
    strcpy(kept, other.keyring_directory);
    strcpy(other.keyring_directory, box.keyring_directory);
    hsm_signer_start(&other, &first, &signer);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
    strcpy(other.keyring_directory, kept);
    hsm_box_remove(&other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_published_under_the_box_ca),
        cmocka_unit_test(a_content_key_comes_with_the_lookup_key),
        cmocka_unit_test(a_key_that_does_not_unwrap_is_a_normal_answer),
        cmocka_unit_test(a_statement_is_written_and_signed),
        cmocka_unit_test(a_statement_that_does_not_hold_together_is_denied),
        cmocka_unit_test(a_checkpoint_is_signed_by_the_published_audit_key),
        cmocka_unit_test(less_than_was_signed_is_signed_by_no_heir),
        cmocka_unit_test(only_the_first_signer_knows_of_checkpoints),
        cmocka_unit_test(a_root_opens_the_same_at_every_signer_and_after_every_start),
        cmocka_unit_test(a_provisioned_box_generates_nothing),
        cmocka_unit_test(what_a_peer_may_not_ask_ends_the_signer),
        cmocka_unit_test(a_closed_box_opens_no_content_key),
        cmocka_unit_test(ceilings_hold_whoever_asks),
        cmocka_unit_test(what_is_queued_at_a_killed_signer_is_answered_by_its_heir),
        cmocka_unit_test(each_start_has_a_process_id_of_its_own),
        cmocka_unit_test(a_successor_of_a_peer_is_greeted_too),
        cmocka_unit_test(a_failing_module_ends_the_signer),
        cmocka_unit_test(a_module_that_logs_does_not_end_the_signer),
        cmocka_unit_test(a_wrong_pin_is_tried_once_and_locks),
        cmocka_unit_test(a_pin_file_open_to_others_is_not_used),
        cmocka_unit_test(a_wrong_setting_is_refused),
        cmocka_unit_test(another_token_is_not_taken_for_the_first),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
