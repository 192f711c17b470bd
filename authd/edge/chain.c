#include <stdlib.h>
#include <string.h>

#include "authd/edge/chain.h"

#define P256_BITS 256
#define RSA_BITS  2048

struct chain {
    unsigned holders;
    uint64_t sequence;
    uint8_t key_id[HSM_TLS_KEY_ID_BYTES];
    struct chain_signer signer;
    unsigned count;
    gnutls_pcert_st certificates[HSM_TLS_CERTIFICATES];
    gnutls_privkey_t key;
    gnutls_pk_algorithm_t algorithm;
    unsigned bits;
};

/* GnuTLS's names of a scheme. */
static const struct {
    gnutls_sign_algorithm_t algorithm;
    gnutls_pk_algorithm_t key;
    enum hsm_tls_scheme scheme;
} schemes[] = {
    {GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PK_ECDSA, HSM_TLS_ECDSA_SHA256},
    {GNUTLS_SIGN_ECDSA_SECP256R1_SHA256, GNUTLS_PK_ECDSA, HSM_TLS_ECDSA_SHA256},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, GNUTLS_PK_RSA, HSM_TLS_RSA_PSS_SHA256},
    {GNUTLS_SIGN_RSA_PSS_RSAE_SHA384, GNUTLS_PK_RSA, HSM_TLS_RSA_PSS_SHA384},
    {GNUTLS_SIGN_RSA_SHA256, GNUTLS_PK_RSA, HSM_TLS_RSA_PKCS1_SHA256},
    {GNUTLS_SIGN_RSA_SHA384, GNUTLS_PK_RSA, HSM_TLS_RSA_PKCS1_SHA384},
};

static enum hsm_tls_scheme scheme_of(const struct chain *chain, gnutls_sign_algorithm_t algorithm) {
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (schemes[i].algorithm == algorithm && schemes[i].key == chain->algorithm)
            return schemes[i].scheme;
    return HSM_TLS_SCHEMES;
}

/*
 * For PKCS #1 v1.5 GnuTLS names no hash, and hands over a DigestInfo (RFC 8017 §9.2) with the hash
 * at its end: that is taken out, so that the signer gets nothing but hashes.
 */
static enum hsm_tls_scheme open_digest_info(struct bytes *hash) {
    static const uint8_t sha256[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    static const uint8_t sha384[] = {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                     0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30};
    static const struct {
        enum hsm_tls_scheme scheme;
        struct bytes prefix;
    } infos[] = {
        {HSM_TLS_RSA_PKCS1_SHA256, {sha256, sizeof sha256}},
        {HSM_TLS_RSA_PKCS1_SHA384, {sha384, sizeof sha384}},
    };
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) {
        struct bytes prefix = infos[i].prefix;
        if (hash->len != prefix.len + hsm_tls_hash_bytes(infos[i].scheme) ||
            memcmp(hash->data, prefix.data, prefix.len) != 0)
            continue;
        *hash = bytes_of(hash->data + prefix.len, hash->len - prefix.len);
        return infos[i].scheme;
    }
    return HSM_TLS_SCHEMES;
}

static enum err sign(const struct chain *chain, gnutls_sign_algorithm_t algorithm,
                     struct bytes hash, struct buffer *signature) {
    struct hsm_tls_sign question = {
        .scheme = algorithm == GNUTLS_SIGN_RSA_RAW ? open_digest_info(&hash)
                                                   : scheme_of(chain, algorithm),
    };
    if (hash.len == 0 || hash.len != hsm_tls_hash_bytes(question.scheme))
        return ERR_DENIED;
    memcpy(question.key_id, chain->key_id, sizeof question.key_id);
    memcpy(question.hash, hash.data, hash.len);
    return chain->signer.sign(chain->signer.context, &question, signature);
}

static int on_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *context,
                   unsigned flags, const gnutls_datum_t *hash, gnutls_datum_t *signature) {
    (void)key, (void)flags;
    uint8_t memory[HSM_TLS_SIGNATURE_MAX];
    struct buffer target = buffer_over(memory, sizeof memory);
    if (sign(context, algorithm, bytes_of(hash->data, hash->size), &target) != ERR_OK)
        return GNUTLS_E_PK_SIGN_FAILED;
    signature->data = gnutls_malloc(target.len);
    if (signature->data == NULL)
        return GNUTLS_E_MEMORY_ERROR;
    memcpy(signature->data, memory, target.len);
    signature->size = (unsigned)target.len;
    return GNUTLS_E_SUCCESS;
}

static int on_question(gnutls_privkey_t key, unsigned flags, void *context) {
    (void)key;
    const struct chain *chain = context;
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) != 0)
        return (int)chain->algorithm;
    if ((flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS) != 0)
        return (int)chain->bits;
    if ((flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO) != 0)
        return scheme_of(chain, GNUTLS_FLAGS_TO_SIGN_ALGO(flags)) != HSM_TLS_SCHEMES;
    return -1;
}

static enum err read_leaf(struct chain *chain) {
    int algorithm = gnutls_pubkey_get_pk_algorithm(chain->certificates[0].pubkey, &chain->bits);
    bool p256 = algorithm == GNUTLS_PK_ECDSA && chain->bits == P256_BITS;
    bool rsa = algorithm == GNUTLS_PK_RSA && chain->bits == RSA_BITS;
    chain->algorithm = (gnutls_pk_algorithm_t)algorithm;
    return p256 || rsa ? ERR_OK : ERR_CRYPTO;
}

static enum err fill(struct chain *chain, const struct hsm_tls_chain *told) {
    for (size_t i = 0; i < told->count; i++) {
        gnutls_datum_t der = {(unsigned char *)(uintptr_t)told->certificates[i].data,
                              (unsigned)told->certificates[i].len};
        if (gnutls_pcert_import_x509_raw(&chain->certificates[i], &der, GNUTLS_X509_FMT_DER, 0) !=
            GNUTLS_E_SUCCESS)
            return ERR_CRYPTO;
        chain->count++;
    }
    ERR_TRY(read_leaf(chain));
    if (gnutls_privkey_init(&chain->key) != GNUTLS_E_SUCCESS)
        return ERR_SYSTEM;
    return gnutls_privkey_import_ext4(chain->key, chain, NULL, on_hash, NULL, NULL, on_question,
                                      0) == GNUTLS_E_SUCCESS
               ? ERR_OK
               : ERR_CRYPTO;
}

enum err chain_make(const struct hsm_tls_chain *told, const struct chain_signer *signer,
                    struct chain **chain) {
    *chain = NULL;
    struct chain *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->holders = 1;
    made->sequence = told->sequence;
    made->signer = *signer;
    memcpy(made->key_id, told->key_id, sizeof made->key_id);
    enum err err = fill(made, told);
    if (err != ERR_OK) {
        chain_release(made);
        return err;
    }
    *chain = made;
    return ERR_OK;
}

struct chain *chain_hold(struct chain *chain) {
    chain->holders++;
    return chain;
}

void chain_release(struct chain *chain) {
    if (chain == NULL || --chain->holders > 0)
        return;
    for (unsigned i = 0; i < chain->count; i++)
        gnutls_pcert_deinit(&chain->certificates[i]);
    if (chain->key != NULL)
        gnutls_privkey_deinit(chain->key);
    free(chain);
}

uint64_t chain_sequence(const struct chain *chain) {
    return chain->sequence;
}

void chain_show(struct chain *chain, gnutls_pcert_st **certificates, unsigned *count,
                gnutls_privkey_t *key) {
    *certificates = chain->certificates;
    *count = chain->count;
    *key = chain->key;
}
