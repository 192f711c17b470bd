#include <openssl/x509.h>

#include "hsm/unwrap.h"
#include "tests/vectors/wycheproof.h"
#include "tests/vectors/wycheproof_key.h"

/* RSA-OAEP: hsm/unwrap.h, with a key of OpenSSL's in the place of the token's. */
static struct unwrap_ring *ring;

static const char *begin(const json_t *group) {
    struct bytes der = wycheproof_hex(group, "privateKeyPkcs8");
    const unsigned char *at = der.data;
    struct sample_holder holder;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &at, (long)der.len);
    wycheproof_require(key != NULL, "a private key");
    sample_certify(&(struct sample_subject){.name = "ida", .key = key}, NULL, &holder);
    wycheproof_require(unwrap_new(&ring, UNWRAP_LABEL_REQUEST) == ERR_OK &&
                           unwrap_add(ring, key, sample_der(&holder), 1) == ERR_OK,
                       "a key to unwrap with");
    sample_free(&holder);
    EVP_PKEY_free(key);
    return NULL;
}

static struct verdict judge(const json_t *group, const json_t *test) {
    (void)group;
    struct verdict verdict = {0};
    struct bytes wrapped = wycheproof_hex(test, "ct"), message = wycheproof_hex(test, "msg");
    uint64_t uses = 0;
    SECRET(opened);
    if (wycheproof_text(test, "label")[0] != '\0')
        verdict.skipped = "a request's label is empty";
    else if (wrapped.len != HSM_WRAPPED_BYTES)
        verdict.accepted = false; /* a wrapped key is an array of 256 bytes on its way here */
    else
        verdict.accepted = unwrap_open(ring, NULL, wrapped.data, &opened, &uses) == ERR_OK &&
                           bytes_equal(secret_view(&opened), message);
    if (message.len != UNWRAP_SECRET_BYTES)
        verdict.rule = "a content key has 32 bytes";
    return verdict;
}

static void end(void) {
    unwrap_free(ring);
    ring = NULL;
}

const struct wycheproof_runner wycheproof_oaep = {begin, judge, end};
