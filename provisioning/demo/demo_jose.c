#include <stdio.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "authd/store/jose_client.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_jose.h"

#define DAYS      1095
#define NAME_SIZE 128
#define KID_CHARS 44 /* with the final zero */

enum purpose { TLS, SIGNATURE, ENCRYPTION, PURPOSES };
static const struct {
    const char *name, *key_usage, *extended_key_usage;
} purposes[PURPOSES] = {
    [TLS] = {"tls", "critical,digitalSignature", "clientAuth"},
    [SIGNATURE] = {"signature", "critical,digitalSignature", NULL},
    [ENCRYPTION] = {"encryption", "critical,keyAgreement", NULL},
};

/* "partners/ID.PURPOSE.SUFFIX" */
static void name_file(char name[static NAME_SIZE], const char *id, enum purpose purpose,
                      const char *suffix) {
    (void)snprintf(name, NAME_SIZE, "partners/%s.%s.%s", id, purposes[purpose].name, suffix);
}

static enum err make_one(const char *directory, const struct demo_partner *partner,
                         const struct demo_certificate *authority, enum purpose purpose) {
    char name[NAME_SIZE], path[DEMO_FILE_PATH_SIZE];
    DEMO_CERTIFICATE_CLEANUP struct demo_certificate issued = {0};
    const struct demo_certificate_subject subject = {
        .common_name = partner->id,
        .organisation = partner->name,
        .key_usage = purposes[purpose].key_usage,
        .extended_key_usage = purposes[purpose].extended_key_usage,
        .days = DAYS,
    };
    ERR_TRY(demo_certificate_issue(authority, DEMO_KEY_P256, &subject, &issued));
    name_file(name, partner->id, purpose, "pem");
    ERR_TRY(demo_file_path(path, directory, name));
    ERR_TRY(demo_file_write_certificate(path, issued.certificate));
    name_file(name, partner->id, purpose, "key");
    ERR_TRY(demo_file_path(path, directory, name));
    return demo_file_write_key(path, issued.key);
}

enum err demo_jose_make(const char *directory, const struct demo_partner *partner,
                        const struct demo_certificate *authority) {
    for (enum purpose purpose = TLS; purpose < PURPOSES; purpose++)
        ERR_TRY(make_one(directory, partner, authority, purpose));
    return ERR_OK;
}

json_t *demo_jose_registration(const struct demo_partner *partner) {
    char names[PURPOSES][NAME_SIZE];
    for (enum purpose purpose = TLS; purpose < PURPOSES; purpose++)
        name_file(names[purpose], partner->id, purpose, "pem");
    return json_pack("{s:s, s:s, s:s}", purposes[TLS].name, names[TLS], purposes[SIGNATURE].name,
                     names[SIGNATURE], purposes[ENCRYPTION].name, names[ENCRYPTION]);
}

static enum err copy(const char *from, const char *to, const char *name, unsigned mode) {
    char source[DEMO_FILE_PATH_SIZE], target[DEMO_FILE_PATH_SIZE];
    ERR_TRY(demo_file_path(source, from, name));
    ERR_TRY(demo_file_path(target, to, name));
    return demo_file_copy(source, target, mode);
}

/* The name of the key that the certificate in ${name} is of. */
static enum err read_kid(const char *directory, const char *name, char kid[static KID_CHARS]) {
    uint8_t point[JOSE_CLIENT_POINT_BYTES], hash[JOSE_CLIENT_KID_BYTES];
    char path[DEMO_FILE_PATH_SIZE];
    size_t len = 0;
    ERR_TRY(demo_file_path(path, directory, name));
    FILE *file = fopen(path, "re");
    X509 *certificate = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
    if (file != NULL)
        (void)fclose(file);
    bool read =
        certificate != NULL && EVP_PKEY_get_octet_string_param(X509_get0_pubkey(certificate),
                                                               OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                                               point, sizeof point, &len) == 1;
    X509_free(certificate);
    if (!read || len != sizeof point) {
        fprintf(stderr,
                "idcs-demo: %s: no certificate of a key on P-256: remove the folder and "
                "run `idcs-demo programmes` again\n",
                path);
        return ERR_MALFORMED;
    }
    jose_client_kid(point, hash);
    (void)sodium_bin2base64(kid, KID_CHARS, hash, sizeof hash,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return ERR_OK;
}

enum err demo_jose_hand_over(const char *from, const char *to, const char *id, json_t **jose) {
    char certificates[PURPOSES][NAME_SIZE], keys[PURPOSES][NAME_SIZE], kids[PURPOSES][KID_CHARS];
    for (enum purpose purpose = TLS; purpose < PURPOSES; purpose++) {
        name_file(certificates[purpose], id, purpose, "pem");
        name_file(keys[purpose], id, purpose, "key");
        ERR_TRY(read_kid(from, certificates[purpose], kids[purpose]));
        ERR_TRY(copy(from, to, keys[purpose], DEMO_FILE_SECRET));
    }
    ERR_TRY(copy(from, to, certificates[TLS], DEMO_FILE_PUBLIC));
    *jose =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "tls_certificate", certificates[TLS], "tls_key",
                  keys[TLS], "signature_key", keys[SIGNATURE], "signature_kid", kids[SIGNATURE],
                  "encryption_key", keys[ENCRYPTION], "encryption_kid", kids[ENCRYPTION]);
    return *jose != NULL ? ERR_OK : ERR_SYSTEM;
}
