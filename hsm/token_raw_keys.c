#include <string.h>

#include "firmware/base/log.h"
#include "hsm/token_raw_state.h"

/* Key pairs: what they need of a module, how they are made, and whether they became as told. */

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

/* A mechanism, and what for. */
struct need {
    const char *name;
    CK_MECHANISM_TYPE type;
    CK_FLAGS use;
};

enum err token_raw_probe(struct token_raw *raw, enum token_raw_kind kind, const char **missing) {
#define NEED(mechanism, use)                                                                       \
    { #mechanism, (mechanism), (use) }
#define RSA_PAIR NEED(CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR)
#define EC_PAIR  NEED(CKM_EC_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR)
    static const struct need needed[][2] = {
        [TOKEN_RAW_RSA_SIGN] = {RSA_PAIR, NEED(CKM_RSA_PKCS, CKF_SIGN)},
        [TOKEN_RAW_RSA_DECRYPT] = {RSA_PAIR, NEED(CKM_RSA_X_509, CKF_DECRYPT)},
        [TOKEN_RAW_P256_SIGN] = {EC_PAIR, NEED(CKM_ECDSA, CKF_SIGN)},
        [TOKEN_RAW_P256_DERIVE] = {EC_PAIR, NEED(CKM_ECDH1_DERIVE, CKF_DERIVE)},
    };
#undef NEED
    *missing = NULL;
    for (size_t i = 0; i < 2 && *missing == NULL; i++) {
        const struct need *need = &needed[kind][i];
        CK_MECHANISM_INFO information;
        CK_RV result = raw->module->C_GetMechanismInfo(raw->slot, need->type, &information);
        if (result != CKR_OK || (information.flags & need->use) == 0)
            *missing = need->name;
    }
    return *missing == NULL ? ERR_OK : ERR_NOT_FOUND;
}

/* What the kinds differ in. */
struct template {
    CK_MECHANISM_TYPE mechanism;
    CK_ATTRIBUTE parameters[2];
    CK_ULONG parameter_count;
    CK_ATTRIBUTE_TYPE private_use;
    CK_ATTRIBUTE_TYPE public_use;
};

static CK_ULONG rsa_bits = 2048;
static CK_BYTE rsa_exponent[] = {0x01, 0x00, 0x01};
static CK_BYTE p256_name[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

#define P256_PARAMETERS                                                                            \
    .mechanism = CKM_EC_KEY_PAIR_GEN,                                                              \
    .parameters = {{CKA_EC_PARAMS, p256_name, sizeof p256_name}}, .parameter_count = 1

#define RSA_PARAMETERS                                                                             \
    .mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN,                                                        \
    .parameters = {{CKA_MODULUS_BITS, &rsa_bits, sizeof rsa_bits},                                 \
                   {CKA_PUBLIC_EXPONENT, rsa_exponent, sizeof rsa_exponent}},                      \
    .parameter_count = 2

static const struct template templates[] = {
    [TOKEN_RAW_RSA_SIGN] = {RSA_PARAMETERS, .private_use = CKA_SIGN, .public_use = CKA_VERIFY},
    [TOKEN_RAW_RSA_DECRYPT] = {RSA_PARAMETERS, .private_use = CKA_DECRYPT,
                               .public_use = CKA_ENCRYPT},
    [TOKEN_RAW_P256_SIGN] = {P256_PARAMETERS, .private_use = CKA_SIGN, .public_use = CKA_VERIFY},
    [TOKEN_RAW_P256_DERIVE] = {P256_PARAMETERS, .private_use = CKA_DERIVE,
                               .public_use = CKA_DERIVE},
};

/* A use is allowed when it is the purpose of the key. */
static CK_ATTRIBUTE use(CK_ATTRIBUTE_TYPE type, CK_ATTRIBUTE_TYPE purpose) {
    return (CK_ATTRIBUTE){type, type == purpose ? &yes : &no, sizeof yes};
}

/* Signing and decrypting, which not every module can tell apart. */
static bool is_joint_use(CK_ATTRIBUTE_TYPE type) {
    return type == CKA_SIGN || type == CKA_DECRYPT || type == CKA_VERIFY || type == CKA_ENCRYPT;
}

/* Takes what is forbidden out of a template when the module would refuse to be told. */
static CK_ULONG settle_uses(const struct token_raw *raw, CK_ATTRIBUTE *attributes, CK_ULONG count) {
    CK_ULONG left = 0;
    for (CK_ULONG i = 0; i < count; i++)
        if (!raw->joint_uses || !is_joint_use(attributes[i].type) || attributes[i].pValue != &no)
            attributes[left++] = attributes[i];
    return left;
}

enum err token_raw_generate(struct token_raw *raw, enum token_raw_kind kind,
                            const uint8_t id[static TOKEN_RAW_ID_BYTES], const char *label) {
    const struct template *template = &templates[kind];
    void *id_value = (void *)(uintptr_t)id, *label_value = (void *)(uintptr_t)label;
    CK_ATTRIBUTE public_key[9] = {
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_ID, id_value, TOKEN_RAW_ID_BYTES},
        {CKA_LABEL, label_value, strlen(label)},
        use(CKA_VERIFY, template->public_use),
        use(CKA_ENCRYPT, template->public_use),
        use(CKA_WRAP, template->public_use),
        template->parameters[0],
        template->parameters[1],
    };
    CK_ATTRIBUTE private_key[] = {
        {CKA_TOKEN, &yes, sizeof yes},           {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &yes, sizeof yes},       {CKA_EXTRACTABLE, &no, sizeof no},
        {CKA_MODIFIABLE, &no, sizeof no},        {CKA_ID, id_value, TOKEN_RAW_ID_BYTES},
        {CKA_LABEL, label_value, strlen(label)}, use(CKA_SIGN, template->private_use),
        use(CKA_DECRYPT, template->private_use), use(CKA_UNWRAP, template->private_use),
        use(CKA_DERIVE, template->private_use),
    };
    CK_MECHANISM mechanism = {template->mechanism, NULL, 0};
    CK_OBJECT_HANDLE made_public, made_private;
    CK_ULONG public_count = settle_uses(raw, public_key, 6 + template->parameter_count);
    CK_ULONG private_count =
        settle_uses(raw, private_key, sizeof private_key / sizeof *private_key);
    TOKEN_RAW_TRY(raw, C_GenerateKeyPair, &mechanism, public_key, public_count, private_key,
                  private_count, &made_public, &made_private);
    return ERR_OK;
}

static enum err find_by_id(struct token_raw *raw, CK_OBJECT_CLASS class,
                           const uint8_t id[static TOKEN_RAW_ID_BYTES],
                           struct token_raw_found *found) {
    CK_ATTRIBUTE wanted[] = {
        {CKA_ID, (void *)(uintptr_t)id, TOKEN_RAW_ID_BYTES},
        {CKA_CLASS, &class, sizeof class},
    };
    return token_raw_find(raw, wanted, 2, found);
}

static enum err read_flag(struct token_raw *raw, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                          CK_BBOOL *flag) {
    CK_ATTRIBUTE attribute = {type, flag, sizeof *flag};
    TOKEN_RAW_TRY(raw, C_GetAttributeValue, object, &attribute, 1);
    return attribute.ulValueLen == sizeof *flag ? ERR_OK : ERR_HSM;
}

static enum err check_private(struct token_raw *raw, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE_TYPE purpose) {
    const struct {
        CK_ATTRIBUTE_TYPE type;
        CK_BBOOL wanted;
    } flags[] = {
        {CKA_PRIVATE, CK_TRUE},           {CKA_SENSITIVE, CK_TRUE},
        {CKA_ALWAYS_SENSITIVE, CK_TRUE},  {CKA_EXTRACTABLE, CK_FALSE},
        {CKA_NEVER_EXTRACTABLE, CK_TRUE}, {CKA_LOCAL, CK_TRUE},
        {CKA_SIGN, purpose == CKA_SIGN},  {CKA_DECRYPT, purpose == CKA_DECRYPT},
        {CKA_UNWRAP, CK_FALSE},           {CKA_DERIVE, purpose == CKA_DERIVE},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        CK_BBOOL flag = !flags[i].wanted;
        ERR_TRY(read_flag(raw, object, flags[i].type, &flag));
        bool joint = raw->joint_uses && is_joint_use(flags[i].type) && !flags[i].wanted;
        if (flag == flags[i].wanted || joint)
            continue;
        log_event(LOG_ERROR, "key-attribute-wrong", "attribute=0x%lx", flags[i].type);
        return ERR_DENIED;
    }
    return ERR_OK;
}

enum err token_raw_check(struct token_raw *raw, enum token_raw_kind kind,
                         const uint8_t id[static TOKEN_RAW_ID_BYTES]) {
    struct token_raw_found private_key, public_key;
    ERR_TRY(find_by_id(raw, CKO_PRIVATE_KEY, id, &private_key));
    ERR_TRY(find_by_id(raw, CKO_PUBLIC_KEY, id, &public_key));
    if (private_key.count != 1 || public_key.count != 1)
        return ERR_NOT_FOUND;
    ERR_TRY(token_raw_assert_id(raw, private_key.objects[0], id));
    return check_private(raw, private_key.objects[0], templates[kind].private_use);
}
