#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <sodium.h>

#include "hsm/ability.h"
#include "hsm/certificate.h"
#include "hsm/custody.h"
#include "tests/unit/custody_box.h"

static void certify(const struct custody_box *box, EVP_PKEY *key, struct keyring_row *row) {
    struct buffer der = buffer_over(row->certificate, sizeof row->certificate);
    const struct certificate_plan plan = {.purpose = row->purpose,
                                          .generation = row->generation,
                                          .subject = key,
                                          .issuer_key = box->authority,
                                          .issuer = keyring_row_certificate(&box->root)};
    assert_int_equal(certificate_issue(&plan, &der), ERR_OK);
    row->certificate_len = der.len;
}

EVP_PKEY *custody_box_token_key(const struct custody_box *box, enum hsm_purpose purpose,
                                struct keyring_row *row) {
    EVP_PKEY *key;
    row->purpose = purpose;
    row->generation = row->generation == 0 ? 1 : row->generation;
    randombytes_buf(row->id, sizeof row->id);
    assert_int_equal(
        token_raw_generate(token_session(box->token), ability_kind(purpose), row->id, "key"),
        ERR_OK);
    assert_int_equal(token_key(box->token, row->id, &key), ERR_OK);
    certify(box, key, row);
    return key;
}

void custody_box_make(struct custody_box *box) {
    SECRET(pin);
    hsm_box_make(&box->box);
    const struct token_options options = hsm_box_options(NULL);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(token_open(&box->token, &options, &pin), ERR_OK);
    box->authority = EVP_EC_gen("P-256");
    assert_non_null(box->authority);
    box->root = (struct keyring_row){.purpose = HSM_PURPOSE_ROOT, .generation = 1};
    certify(box, box->authority, &box->root);
    for (uint16_t i = 0; i < 2; i++) {
        box->keks[i].generation = i + 1;
        box->kek_keys[i] = custody_box_token_key(box, HSM_PURPOSE_KEK, &box->keks[i]);
    }
}

void custody_box_remove(struct custody_box *box) {
    for (size_t i = 0; i < 2; i++)
        EVP_PKEY_free(box->kek_keys[i]);
    EVP_PKEY_free(box->authority);
    token_close(box->token);
    hsm_box_remove(&box->box);
}

struct unwrap_ring *custody_box_ring(const struct custody_box *box, uint16_t generation) {
    struct unwrap_ring *ring;
    assert_int_equal(unwrap_new(&ring, UNWRAP_LABEL_CUSTODY), ERR_OK);
    for (size_t i = 0; i < 2; i++)
        if (generation == 0 || box->keks[i].generation == generation)
            assert_int_equal(unwrap_add(ring, box->kek_keys[i],
                                        keyring_row_certificate(&box->keks[i]),
                                        box->keks[i].generation),
                             ERR_OK);
    return ring;
}

EVP_PKEY *custody_box_open(const struct custody_box *box, const struct keyring_row *row) {
    EVP_PKEY *key;
    struct unwrap_ring *keks = custody_box_ring(box, 0);
    assert_int_equal(custody_open(keks, row, &key), ERR_OK);
    unwrap_free(keks);
    return key;
}

void custody_box_row(const struct custody_box *box, enum hsm_purpose purpose,
                     struct keyring_row *row) {
    *row = (struct keyring_row){.purpose = purpose, .generation = 3};
    randombytes_buf(row->id, sizeof row->id);
    assert_int_equal(custody_make(&box->keks[0], row), ERR_OK);
    EVP_PKEY *key = custody_box_open(box, row);
    certify(box, key, row);
    EVP_PKEY_free(key);
}
