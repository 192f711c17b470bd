#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>

#include "firmware/base/codec.h"
#include "firmware/base/secret.h"
#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/gcm.h"
#include "tests/vectors/wycheproof.h"

/*
 * The vectors of C2SP/wycheproof (testvectors_v1) against our wrappers. They are not part of the
 * repository: IDCS_WYCHEPROOF names their folder, or they lie beside the repository.
 */
#define EXIT_SKIPPED    77
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define ARENA_BYTES     (4u << 20)
#define REASONS_MAX     24

static const struct {
    const char *name;
    const struct wycheproof_runner *runner;
    const char *skipped; /* when there is no runner */
} files[] = {
    {"aes_gcm_test.json", &wycheproof_aes_gcm, NULL},
    {"ecdh_secp256r1_test.json", &wycheproof_ecdh_der, NULL},
    {"ecdh_secp256r1_webcrypto_test.json", &wycheproof_ecdh_jwk, NULL},
    {"ecdsa_secp256r1_sha256_p1363_test.json", &wycheproof_es256, NULL},
    {"ecdsa_secp256r1_sha256_test.json", NULL,
     "signatures as DER are in certificates alone, which OpenSSL and GnuTLS verify"},
    {"ed25519_test.json", NULL, "Ed25519 is not used"},
    {"hkdf_sha256_test.json", NULL, "HKDF is not used: crypto_kdf and Concat KDF are"},
    {"hmac_sha256_test.json", NULL, "HMAC is not used: keyed BLAKE2b is"},
    {"json_web_crypto_test.json", &wycheproof_jose, NULL},
    {"json_web_encryption_test.json", &wycheproof_jose, NULL},
    {"json_web_key_test.json", &wycheproof_jose, NULL},
    {"json_web_signature_test.json", &wycheproof_jose, NULL},
    {"rsa_oaep_2048_sha256_mgf1sha256_test.json", &wycheproof_oaep, NULL},
    {"rsa_pkcs1_2048_sig_gen_test.json", NULL,
     "the signer's keys are born in the token, and it signs nothing but a JWS of its own"},
    {"rsa_signature_2048_sha256_test.json", NULL,
     "our verifier takes the two parts of a JWS: json_web_signature has the same faults as JWS"},
    {"xchacha20_poly1305_test.json", &wycheproof_xchacha, NULL},
};

/* What a file came to. */
struct tally {
    unsigned accepted, refused, tolerated, failed;
    size_t reason_count;
    struct {
        const char *text;
        const char *kind;
        unsigned count;
    } reasons[REASONS_MAX];
};

void wycheproof_require(bool rule, const char *what) {
    if (rule)
        return;
    fprintf(stderr, "wycheproof: %s\n", what);
    exit(1);
}

/* ---- memory of a group ---- */

static uint8_t group_memory[8u << 20];
static size_t group_used;

uint8_t *wycheproof_memory(size_t size) {
    wycheproof_require(size <= sizeof group_memory - group_used, "a group needs too much memory");
    uint8_t *memory = group_memory + group_used;
    group_used += size;
    return memory;
}

const char *wycheproof_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    wycheproof_require(text != NULL, name);
    return text;
}

struct bytes wycheproof_hex(const json_t *object, const char *name) {
    struct bytes text = bytes_of_text(wycheproof_text(object, name));
    uint8_t *memory = wycheproof_memory(text.len / 2);
    wycheproof_require(codec_hex_decode(text, memory, text.len / 2) == ERR_OK, name);
    return bytes_of(memory, text.len / 2);
}

bool wycheproof_octets(const json_t *object, const char *name, uint8_t *octets, size_t len) {
    const char *text = json_string_value(json_object_get(object, name));
    uint8_t decoded[1024];
    size_t decoded_len = 0;
    if (text == NULL || codec_base64_decode(bytes_of_text(text), CODEC_STRICT, decoded,
                                            sizeof decoded, &decoded_len) != ERR_OK)
        return false;
    if (decoded_len > len)
        return false;
    memset(octets, 0, len);
    memcpy(octets + len - decoded_len, decoded, decoded_len);
    return true;
}

/* ---- one file ---- */

static void count_reason(struct tally *tally, const char *kind, const char *text, unsigned count) {
    size_t i = 0;
    while (i < tally->reason_count &&
           (strcmp(tally->reasons[i].text, text) != 0 || strcmp(tally->reasons[i].kind, kind) != 0))
        i++;
    wycheproof_require(i < REASONS_MAX, "too many reasons for one file");
    tally->reasons[i].text = text;
    tally->reasons[i].kind = kind;
    tally->reasons[i].count += count;
    if (i == tally->reason_count)
        tally->reason_count++;
}

static void fail(const char *file, const json_t *test, const char *what, struct tally *tally) {
    printf("FAILED %s %d (%s, %s): %s\n", file,
           (int)json_integer_value(json_object_get(test, "tcId")), wycheproof_text(test, "comment"),
           wycheproof_text(test, "result"), what);
    tally->failed++;
}

static void compare(const char *file, const json_t *test, struct verdict verdict,
                    struct tally *tally) {
    const char *result = wycheproof_text(test, "result");
    bool valid = strcmp(result, "valid") == 0, invalid = strcmp(result, "invalid") == 0;
    if (verdict.skipped != NULL)
        count_reason(tally, "skipped", verdict.skipped, 1);
    else if (verdict.rule != NULL && verdict.accepted)
        fail(file, test, "accepted against our rule", tally);
    else if (invalid && verdict.accepted)
        fail(file, test, "accepted", tally);
    else if (valid && verdict.rule == NULL && !verdict.accepted)
        fail(file, test, "refused", tally);
    else if (valid && verdict.rule != NULL)
        count_reason(tally, "refused by rule", verdict.rule, 1);
    else if (!valid && !invalid)
        tally->tolerated++;
    else if (verdict.accepted)
        tally->accepted++;
    else
        tally->refused++;
}

static void run_group(const char *file, const struct wycheproof_runner *runner, const json_t *group,
                      struct tally *tally) {
    const json_t *tests = json_object_get(group, "tests"), *test;
    size_t index;
    group_used = 0;
    const char *skipped = runner->begin(group);
    if (skipped != NULL)
        count_reason(tally, "skipped", skipped, (unsigned)json_array_size(tests));
    else
        json_array_foreach(tests, index, test)
            compare(file, test, runner->judge(group, test), tally);
    if (runner->end != NULL)
        runner->end();
}

static unsigned total_of(const struct tally *tally) {
    unsigned total = tally->accepted + tally->refused + tally->tolerated + tally->failed;
    for (size_t i = 0; i < tally->reason_count; i++)
        total += tally->reasons[i].count;
    return total;
}

static void print_tally(const char *file, const struct tally *tally) {
    printf("%s: %u vectors: %u valid accepted, %u invalid refused, %u either way, %u failed\n",
           file, total_of(tally), tally->accepted, tally->refused, tally->tolerated, tally->failed);
    for (size_t i = 0; i < tally->reason_count; i++)
        printf("    %u %s: %s\n", tally->reasons[i].count, tally->reasons[i].kind,
               tally->reasons[i].text);
}

static unsigned run_file(const char *folder, size_t index) {
    char path[4096];
    json_error_t error;
    struct tally tally = {0};
    const char *file = files[index].name;
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    json_t *document = json_load_file(path, 0, &error);
    wycheproof_require(document != NULL, path);
    const json_t *groups = json_object_get(document, "testGroups"), *group;
    size_t at;
    json_int_t expected = json_integer_value(json_object_get(document, "numberOfTests"));
    if (files[index].runner == NULL)
        count_reason(&tally, "skipped", files[index].skipped, (unsigned)expected);
    else
        json_array_foreach(groups, at, group) run_group(file, files[index].runner, group, &tally);
    print_tally(file, &tally);
    wycheproof_require(total_of(&tally) == expected, "not every vector of the file was counted");
    json_decref(document);
    return tally.failed;
}

/* ---- the folder ---- */

static bool is_known(const char *name) {
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (strcmp(files[i].name, name) == 0)
            return true;
    return false;
}

static void require_all_known(const char *folder) {
    static const char ending[] = "_test.json";
    DIR *directory = opendir(folder);
    wycheproof_require(directory != NULL, folder);
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        size_t len = strlen(entry->d_name);
        bool is_file =
            len > strlen(ending) && strcmp(entry->d_name + len - strlen(ending), ending) == 0;
        wycheproof_require(!is_file || is_known(entry->d_name), entry->d_name);
    }
    closedir(directory);
}

int main(void) {
    const char *given = getenv("IDCS_WYCHEPROOF");
    const char *folder = given != NULL ? given : WYCHEPROOF_FOLDER;
    DIR *there = opendir(folder);
    if (there == NULL) {
        printf("skipped: no vectors at %s; IDCS_WYCHEPROOF=FOLDER names where they are\n", folder);
        return EXIT_SKIPPED;
    }
    closedir(there);
    require_all_known(folder);
    wycheproof_require(secret_arena_open(ARENA_BYTES) == ERR_OK && gcm_open() == ERR_OK &&
                           certificate_open() == ERR_OK,
                       "memory or OpenSSL");
    unsigned failed = 0;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        failed += run_file(folder, i);
    certificate_close();
    gcm_close();
    return failed == 0 ? 0 : 1;
}
