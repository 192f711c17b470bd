#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

#include "firmware/base/log.h"
#include "hsm/token_raw.h"

#define FOUND_AT_ONCE 16

struct token_raw {
    CK_FUNCTION_LIST *module;
    CK_SLOT_ID slot;
    bool joint_uses;
    CK_SESSION_HANDLE session;
};

static CK_BBOOL yes = CK_TRUE;
static CK_BBOOL no = CK_FALSE;

static enum err failed(const char *function, CK_RV result) {
    log_event(LOG_ERROR, "pkcs11-failed", "function=%s result=0x%lx", function, result);
    return ERR_HSM;
}

#define RAW_TRY(raw, function, ...)                                                                \
    do {                                                                                           \
        CK_RV result_ = (raw)->module->function((raw)->session, __VA_ARGS__);                      \
        if (result_ != CKR_OK)                                                                     \
            return failed(#function, result_);                                                     \
    } while (0)

/* The function list of a module that is loaded already: the same instance, or nothing. */
static enum err find_module(struct token_raw *raw, const char *module) {
    void *handle = dlopen(module, RTLD_NOW | RTLD_NOLOAD);
    CK_C_GetFunctionList get_function_list;
    if (handle == NULL)
        return ERR_NOT_FOUND;
    *(void **)&get_function_list = dlsym(handle, "C_GetFunctionList");
    if (get_function_list == NULL)
        return ERR_HSM;
    CK_RV result = get_function_list(&raw->module);
    return result == CKR_OK ? ERR_OK : failed("C_GetFunctionList", result);
}

static enum err open_session(struct token_raw *raw) {
    CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    CK_RV result = raw->module->C_OpenSession(raw->slot, flags, NULL, NULL, &raw->session);
    return result == CKR_OK ? ERR_OK : failed("C_OpenSession", result);
}

enum err token_raw_open(struct token_raw **raw, const char *module, unsigned long slot_id,
                        bool joint_uses) {
    *raw = NULL;
    struct token_raw *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->slot = slot_id;
    made->joint_uses = joint_uses;
    enum err err = find_module(made, module);
    if (err == ERR_OK)
        err = open_session(made);
    if (err != ERR_OK) {
        free(made);
        return err;
    }
    *raw = made;
    return ERR_OK;
}

void token_raw_close(struct token_raw *raw) {
    if (raw == NULL)
        return;
    (void)raw->module->C_CloseSession(raw->session);
    free(raw);
}

CK_FUNCTION_LIST *token_raw_module(const struct token_raw *raw, CK_SESSION_HANDLE *session) {
    *session = raw->session;
    return raw->module;
}

static bool is_pin_refusal(CK_RV result) {
    static const CK_RV refusals[] = {CKR_PIN_INCORRECT, CKR_PIN_INVALID,
                                     CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED,
                                     CKR_PIN_LOCKED,    CKR_USER_PIN_NOT_INITIALIZED};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i] == result)
            return true;
    return false;
}

enum err token_raw_login(struct token_raw *raw, const struct secret *pin) {
    CK_TOKEN_INFO token;
    CK_RV result = raw->module->C_GetTokenInfo(raw->slot, &token);
    if (result != CKR_OK)
        return failed("C_GetTokenInfo", result);
    if ((token.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY)) != 0) {
        log_event(LOG_ERROR, "pin-not-tried", "reason=%s",
                  (token.flags & CKF_USER_PIN_LOCKED) != 0 ? "locked" : "final-try");
        return ERR_PIN;
    }
    result = raw->module->C_Login(raw->session, CKU_USER, pin->data, pin->len);
    if (result == CKR_OK)
        return ERR_OK;
    (void)failed("C_Login", result);
    return is_pin_refusal(result) ? ERR_PIN : ERR_HSM;
}

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
    RAW_TRY(raw, C_GenerateKeyPair, &mechanism, public_key, public_count, private_key,
            private_count, &made_public, &made_private);
    return ERR_OK;
}

/* The objects that match a template, up to FOUND_AT_ONCE. */
struct found {
    CK_OBJECT_HANDLE objects[FOUND_AT_ONCE];
    CK_ULONG count;
};

static enum err find(struct token_raw *raw, CK_ATTRIBUTE *wanted, CK_ULONG wanted_count,
                     struct found *found) {
    RAW_TRY(raw, C_FindObjectsInit, wanted, wanted_count);
    CK_RV result =
        raw->module->C_FindObjects(raw->session, found->objects, FOUND_AT_ONCE, &found->count);
    CK_RV ended = raw->module->C_FindObjectsFinal(raw->session);
    if (result != CKR_OK)
        return failed("C_FindObjects", result);
    return ended == CKR_OK ? ERR_OK : failed("C_FindObjectsFinal", ended);
}

static enum err find_by_id(struct token_raw *raw, CK_OBJECT_CLASS class,
                           const uint8_t id[static TOKEN_RAW_ID_BYTES], struct found *found) {
    CK_ATTRIBUTE wanted[] = {
        {CKA_ID, (void *)(uintptr_t)id, TOKEN_RAW_ID_BYTES},
        {CKA_CLASS, &class, sizeof class},
    };
    return find(raw, wanted, 2, found);
}

/*
 * Whether the object of a handle is the one it was found as: tpm2-pkcs11 gives new objects a handle
 * that others have too, once the process has destroyed some, and then means the oldest by it.
 */
static enum err assert_id(struct token_raw *raw, CK_OBJECT_HANDLE object,
                          const uint8_t id[static TOKEN_RAW_ID_BYTES]) {
    uint8_t read[TOKEN_RAW_ID_BYTES];
    CK_ATTRIBUTE attribute = {CKA_ID, read, sizeof read};
    RAW_TRY(raw, C_GetAttributeValue, object, &attribute, 1);
    if (attribute.ulValueLen == sizeof read && memcmp(read, id, sizeof read) == 0)
        return ERR_OK;
    log_event(LOG_ERROR, "token-handle-ambiguous", "a new process sees the objects apart");
    return ERR_HSM;
}

static enum err read_flag(struct token_raw *raw, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                          CK_BBOOL *flag) {
    CK_ATTRIBUTE attribute = {type, flag, sizeof *flag};
    RAW_TRY(raw, C_GetAttributeValue, object, &attribute, 1);
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
    struct found private_key, public_key;
    ERR_TRY(find_by_id(raw, CKO_PRIVATE_KEY, id, &private_key));
    ERR_TRY(find_by_id(raw, CKO_PUBLIC_KEY, id, &public_key));
    if (private_key.count != 1 || public_key.count != 1)
        return ERR_NOT_FOUND;
    ERR_TRY(assert_id(raw, private_key.objects[0], id));
    return check_private(raw, private_key.objects[0], templates[kind].private_use);
}

static enum err destroy_found(struct token_raw *raw, const struct found *found) {
    for (CK_ULONG i = 0; i < found->count; i++)
        RAW_TRY(raw, C_DestroyObject, found->objects[i]);
    return ERR_OK;
}

enum err token_raw_holds(struct token_raw *raw, const uint8_t id[static TOKEN_RAW_ID_BYTES],
                         bool *holds) {
    CK_ATTRIBUTE wanted = {CKA_ID, (void *)(uintptr_t)id, TOKEN_RAW_ID_BYTES};
    struct found found;
    *holds = false;
    ERR_TRY(find(raw, &wanted, 1, &found));
    *holds = found.count > 0;
    return ERR_OK;
}

enum err token_raw_destroy(struct token_raw *raw, const uint8_t id[static TOKEN_RAW_ID_BYTES]) {
    CK_ATTRIBUTE wanted = {CKA_ID, (void *)(uintptr_t)id, TOKEN_RAW_ID_BYTES};
    struct found found;
    ERR_TRY(find(raw, &wanted, 1, &found));
    for (CK_ULONG i = 0; i < found.count; i++)
        ERR_TRY(assert_id(raw, found.objects[i], id));
    ERR_TRY(destroy_found(raw, &found));
    ERR_TRY(find(raw, &wanted, 1, &found));
    return found.count == 0 ? ERR_OK : ERR_HSM;
}

static enum err is_nameless(struct token_raw *raw, CK_OBJECT_HANDLE object, bool *nameless) {
    CK_ATTRIBUTE names[] = {{CKA_ID, NULL, 0}, {CKA_LABEL, NULL, 0}};
    *nameless = false;
    CK_RV result = raw->module->C_GetAttributeValue(raw->session, object, names, 2);
    if (result != CKR_OK && result != CKR_ATTRIBUTE_TYPE_INVALID)
        return failed("C_GetAttributeValue", result);
    bool has_id = names[0].ulValueLen != 0 && names[0].ulValueLen != CK_UNAVAILABLE_INFORMATION;
    bool has_label = names[1].ulValueLen != 0 && names[1].ulValueLen != CK_UNAVAILABLE_INFORMATION;
    *nameless = !has_id && !has_label;
    return ERR_OK;
}

/* Not every module finds an object by an empty id: all of the class are looked at. */
static enum err find_nameless(struct token_raw *raw, struct found *nameless) {
    struct found batch = {.count = 1};
    CK_RV result = CKR_OK;
    while (result == CKR_OK && batch.count > 0) {
        result =
            raw->module->C_FindObjects(raw->session, batch.objects, FOUND_AT_ONCE, &batch.count);
        for (CK_ULONG i = 0; result == CKR_OK && i < batch.count; i++) {
            bool is_one;
            ERR_TRY(is_nameless(raw, batch.objects[i], &is_one));
            if (is_one && nameless->count < FOUND_AT_ONCE)
                nameless->objects[nameless->count++] = batch.objects[i];
        }
    }
    return result == CKR_OK ? ERR_OK : failed("C_FindObjects", result);
}

static enum err sweep_class(struct token_raw *raw, CK_OBJECT_CLASS class, size_t *destroyed) {
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    struct found nameless = {.count = 0};
    RAW_TRY(raw, C_FindObjectsInit, &wanted, 1);
    enum err err = find_nameless(raw, &nameless);
    CK_RV ended = raw->module->C_FindObjectsFinal(raw->session);
    ERR_TRY(err);
    if (ended != CKR_OK)
        return failed("C_FindObjectsFinal", ended);
    ERR_TRY(destroy_found(raw, &nameless));
    *destroyed += nameless.count;
    return ERR_OK;
}

enum err token_raw_sweep(struct token_raw *raw, size_t *destroyed) {
    *destroyed = 0;
    ERR_TRY(sweep_class(raw, CKO_PRIVATE_KEY, destroyed));
    return sweep_class(raw, CKO_PUBLIC_KEY, destroyed);
}

enum err token_raw_count(struct token_raw *raw, size_t *count) {
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    *count = 0;
    RAW_TRY(raw, C_FindObjectsInit, &wanted, 1);
    struct found found = {.count = 1};
    CK_RV result = CKR_OK;
    while (result == CKR_OK && found.count > 0) {
        result =
            raw->module->C_FindObjects(raw->session, found.objects, FOUND_AT_ONCE, &found.count);
        *count += result == CKR_OK ? found.count : 0;
    }
    CK_RV ended = raw->module->C_FindObjectsFinal(raw->session);
    if (ended != CKR_OK)
        return failed("C_FindObjectsFinal", ended);
    return result == CKR_OK ? ERR_OK : failed("C_FindObjects", result);
}
