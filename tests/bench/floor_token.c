#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/bench/floor_clock.h"
#include "tests/bench/floor_token.h"

#define MODULE      "/usr/lib/softhsm/libsofthsm2.so"
#define RSA_BYTES   256
#define POINT_BYTES 65
#define HASH_BYTES  32
#define SLOTS_MAX   8
#define REPETITIONS 40

struct floor_token {
    void *module;
    CK_FUNCTION_LIST *p11;
    CK_SESSION_HANDLE session;
    enum profile profile;
    bool fingers;
    CK_OBJECT_HANDLE decrypting, signing, of_fingers;
    CK_BYTE point[POINT_BYTES]; /* JOSE: the other side's; here the token's own */
};

static enum err complain(const char *what, unsigned long code) {
    fprintf(stderr, "idcs-load: the token of the floor: %s (0x%lx)\n", what, code);
    return ERR_HSM;
}

static enum err configure(const char *folder) {
    char path[512], tokens[512];
    snprintf(path, sizeof path, "%s/softhsm2.conf", folder);
    snprintf(tokens, sizeof tokens, "%s/tokens", folder);
    FILE *file = mkdir(tokens, 0700) == 0 ? fopen(path, "we") : NULL;
    if (file == NULL)
        return ERR_SYSTEM;
    int put = fprintf(file, "directories.tokendir = %s\nobjectstore.backend = file\n", tokens);
    if (fclose(file) != 0 || put < 0 || setenv("SOFTHSM2_CONF", path, 1) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

static enum err load(struct floor_token *token) {
    token->module = dlopen(MODULE, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList get_list = NULL;
    if (token->module != NULL)
        *(void **)&get_list = dlsym(token->module, "C_GetFunctionList");
    if (get_list == NULL || get_list(&token->p11) != CKR_OK)
        return complain("cannot load " MODULE ", install softhsm2", 0);
    CK_RV rv = token->p11->C_Initialize(NULL);
    return rv == CKR_OK ? ERR_OK : complain("C_Initialize", rv);
}

static enum err log_in(struct floor_token *token) {
    CK_UTF8CHAR label[32], pin[] = "0123456789";
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_FUNCTION_LIST *p11 = token->p11;
    memset(label, ' ', sizeof label);
    memcpy(label, "floor", 5);
    CK_RV rv = p11->C_GetSlotList(CK_TRUE, slots, &count);
    if (rv == CKR_OK)
        rv = p11->C_InitToken(slots[0], pin, sizeof pin - 1, label);
    if (rv == CKR_OK)
        rv = p11->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                &token->session);
    if (rv == CKR_OK)
        rv = p11->C_Login(token->session, CKU_SO, pin, sizeof pin - 1);
    if (rv == CKR_OK)
        rv = p11->C_InitPIN(token->session, pin, sizeof pin - 1);
    if (rv == CKR_OK)
        rv = p11->C_Logout(token->session);
    if (rv == CKR_OK)
        rv = p11->C_Login(token->session, CKU_USER, pin, sizeof pin - 1);
    return rv == CKR_OK ? ERR_OK : complain("cannot be made", rv);
}

/* As the appliance makes its keys: on the token, private, sensitive, for one use. */
struct pair {
    CK_MECHANISM_TYPE mechanism;
    CK_ATTRIBUTE kind[2]; /* of the public template: size or curve, exponent */
    CK_ULONG kind_count;
    CK_ATTRIBUTE_TYPE public_use, private_use;
};

static enum err generate(struct floor_token *token, const struct pair *pair,
                         CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key) {
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_MECHANISM mechanism = {pair->mechanism, NULL, 0};
    CK_ATTRIBUTE public_template[] = {{CKA_TOKEN, &yes, sizeof yes},
                                      {pair->public_use, &yes, sizeof yes},
                                      pair->kind[0],
                                      pair->kind[1]};
    CK_ATTRIBUTE private_template[] = {{CKA_TOKEN, &yes, sizeof yes},
                                       {CKA_PRIVATE, &yes, sizeof yes},
                                       {CKA_SENSITIVE, &yes, sizeof yes},
                                       {CKA_EXTRACTABLE, &no, sizeof no},
                                       {pair->private_use, &yes, sizeof yes}};
    CK_RV rv = token->p11->C_GenerateKeyPair(
        token->session, &mechanism, public_template, 2 + pair->kind_count, private_template,
        sizeof private_template / sizeof *private_template, public_key, private_key);
    return rv == CKR_OK ? ERR_OK : complain("C_GenerateKeyPair", rv);
}

static enum err generate_rsa(struct floor_token *token, CK_ATTRIBUTE_TYPE public_use,
                             CK_ATTRIBUTE_TYPE private_use, CK_OBJECT_HANDLE *private_key) {
    CK_ULONG bits = RSA_BYTES * 8;
    CK_BYTE exponent[] = {1, 0, 1};
    CK_OBJECT_HANDLE ignored;
    const struct pair pair = {.mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN,
                              .kind = {{CKA_MODULUS_BITS, &bits, sizeof bits},
                                       {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent}},
                              .kind_count = 2,
                              .public_use = public_use,
                              .private_use = private_use};
    return generate(token, &pair, &ignored, private_key);
}

static enum err generate_mosip(struct floor_token *token) {
    ERR_TRY(generate_rsa(token, CKA_ENCRYPT, CKA_DECRYPT, &token->decrypting));
    return generate_rsa(token, CKA_VERIFY, CKA_SIGN, &token->signing);
}

static enum err generate_ec(struct floor_token *token) {
    CK_BYTE p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    CK_BYTE encoded[POINT_BYTES + 2]; /* as an OCTET STRING */
    CK_ATTRIBUTE point = {CKA_EC_POINT, encoded, sizeof encoded};
    CK_OBJECT_HANDLE ignored, public_key;
    struct pair pair = {.mechanism = CKM_EC_KEY_PAIR_GEN,
                        .kind = {{CKA_EC_PARAMS, p256, sizeof p256}},
                        .kind_count = 1,
                        .public_use = CKA_DERIVE,
                        .private_use = CKA_DERIVE};
    ERR_TRY(generate(token, &pair, &public_key, &token->decrypting));
    CK_RV rv = token->p11->C_GetAttributeValue(token->session, public_key, &point, 1);
    if (rv != CKR_OK || point.ulValueLen != sizeof encoded)
        return complain("CKA_EC_POINT", rv);
    memcpy(token->point, encoded + 2, POINT_BYTES);
    pair.public_use = CKA_VERIFY;
    pair.private_use = CKA_SIGN;
    return generate(token, &pair, &ignored, &token->signing);
}

enum err floor_token_open(struct floor_token **token, const char *folder, enum profile profile,
                          bool fingers) {
    *token = calloc(1, sizeof **token);
    if (*token == NULL)
        return ERR_FULL;
    (*token)->profile = profile;
    (*token)->fingers = fingers;
    ERR_TRY(configure(folder));
    ERR_TRY(load(*token));
    ERR_TRY(log_in(*token));
    if (fingers)
        ERR_TRY(generate_rsa(*token, CKA_ENCRYPT, CKA_DECRYPT, &(*token)->of_fingers));
    return profile == PROFILE_JOSE ? generate_ec(*token) : generate_mosip(*token);
}

void floor_token_close(struct floor_token *token) {
    if (token == NULL)
        return;
    if (token->p11 != NULL)
        (void)token->p11->C_Finalize(NULL);
    free(token);
}

static CK_RV decrypt_by(struct floor_token *token, CK_OBJECT_HANDLE key) {
    CK_MECHANISM mechanism = {CKM_RSA_X_509, NULL, 0};
    CK_BYTE wrapped[RSA_BYTES] = {0, 1, 2, 3}, plain[RSA_BYTES];
    CK_ULONG len = sizeof plain;
    CK_RV rv = token->p11->C_DecryptInit(token->session, &mechanism, key);
    if (rv == CKR_OK)
        rv = token->p11->C_Decrypt(token->session, wrapped, sizeof wrapped, plain, &len);
    return rv;
}

static CK_RV decrypt(struct floor_token *token) {
    return decrypt_by(token, token->decrypting);
}

static CK_RV decrypt_finger(struct floor_token *token) {
    return decrypt_by(token, token->of_fingers);
}

static CK_RV sign(struct floor_token *token) {
    CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
    CK_BYTE digest_info[19 + 32] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    CK_BYTE signature[RSA_BYTES];
    CK_ULONG len = sizeof signature;
    CK_RV rv = token->p11->C_SignInit(token->session, &mechanism, token->signing);
    if (rv == CKR_OK)
        rv = token->p11->C_Sign(token->session, digest_info, sizeof digest_info, signature, &len);
    return rv;
}

/* The shared secret, read out and gone. */
static CK_RV agree(struct floor_token *token) {
    CK_ECDH1_DERIVE_PARAMS with = {
        .kdf = CKD_NULL, .ulPublicDataLen = POINT_BYTES, .pPublicData = token->point};
    CK_MECHANISM mechanism = {CKM_ECDH1_DERIVE, &with, sizeof with};
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ULONG len = HASH_BYTES;
    CK_BYTE value[HASH_BYTES];
    CK_OBJECT_HANDLE shared;
    CK_ATTRIBUTE wanted = {CKA_VALUE, value, sizeof value};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &secret, sizeof secret}, {CKA_KEY_TYPE, &generic, sizeof generic},
        {CKA_TOKEN, &no, sizeof no},         {CKA_SENSITIVE, &no, sizeof no},
        {CKA_EXTRACTABLE, &yes, sizeof yes}, {CKA_VALUE_LEN, &len, sizeof len}};
    CK_RV rv = token->p11->C_DeriveKey(token->session, &mechanism, token->decrypting, template,
                                       sizeof template / sizeof *template, &shared);
    if (rv != CKR_OK)
        return rv;
    rv = token->p11->C_GetAttributeValue(token->session, shared, &wanted, 1);
    CK_RV gone = token->p11->C_DestroyObject(token->session, shared);
    return rv == CKR_OK ? gone : rv;
}

static CK_RV sign_ec(struct floor_token *token) {
    CK_MECHANISM mechanism = {CKM_ECDSA, NULL, 0};
    CK_BYTE digest[HASH_BYTES] = {1}, signature[2 * HASH_BYTES];
    CK_ULONG len = sizeof signature;
    CK_RV rv = token->p11->C_SignInit(token->session, &mechanism, token->signing);
    if (rv == CKR_OK)
        rv = token->p11->C_Sign(token->session, digest, sizeof digest, signature, &len);
    return rv;
}

enum err floor_token_measure(struct floor_token *token, struct floor_parts *parts) {
    bool jose = token->profile == PROFILE_JOSE;
    const struct {
        CK_RV (*operation)(struct floor_token *);
        double *us;
    } operations[] = {{jose ? agree : decrypt, &parts->decrypt},
                      {jose ? sign_ec : sign, &parts->sign},
                      {decrypt_finger, &parts->decrypt_finger}};
    size_t count = sizeof operations / sizeof *operations;
    for (size_t i = 0; i < (token->fingers ? count : count - 1); i++) {
        CK_RV rv = operations[i].operation(token);
        int64_t began_ns = floor_clock_ns();
        for (unsigned turn = 0; turn < REPETITIONS && rv == CKR_OK; turn++)
            rv = operations[i].operation(token);
        *operations[i].us = floor_clock_us(began_ns, REPETITIONS);
        if (rv != CKR_OK)
            return complain("an operation failed", rv);
    }
    return ERR_OK;
}
