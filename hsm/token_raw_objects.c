#include <string.h>

#include "firmware/base/log.h"
#include "hsm/token_raw_state.h"

/* Objects of the token, of whatever kind: found, counted, destroyed. */

enum err token_raw_find(struct token_raw *raw, CK_ATTRIBUTE *wanted, CK_ULONG wanted_count,
                        struct token_raw_found *found) {
    found->count = 0;
    TOKEN_RAW_TRY(raw, C_FindObjectsInit, wanted, wanted_count);
    CK_RV result = raw->module->C_FindObjects(raw->session, found->objects, TOKEN_RAW_FOUND_MAX,
                                              &found->count);
    CK_RV ended = raw->module->C_FindObjectsFinal(raw->session);
    if (result != CKR_OK)
        return token_raw_failed("C_FindObjects", result);
    return ended == CKR_OK ? ERR_OK : token_raw_failed("C_FindObjectsFinal", ended);
}

enum err token_raw_assert_id(struct token_raw *raw, CK_OBJECT_HANDLE object,
                             const uint8_t id[static TOKEN_RAW_ID_BYTES]) {
    uint8_t read[TOKEN_RAW_ID_BYTES];
    CK_ATTRIBUTE attribute = {CKA_ID, read, sizeof read};
    TOKEN_RAW_TRY(raw, C_GetAttributeValue, object, &attribute, 1);
    if (attribute.ulValueLen == sizeof read && memcmp(read, id, sizeof read) == 0)
        return ERR_OK;
    log_event(LOG_ERROR, "token-handle-ambiguous", "a new process sees the objects apart");
    return ERR_HSM;
}

static enum err destroy_found(struct token_raw *raw, const struct token_raw_found *found) {
    for (CK_ULONG i = 0; i < found->count; i++)
        TOKEN_RAW_TRY(raw, C_DestroyObject, found->objects[i]);
    return ERR_OK;
}

enum err token_raw_holds(struct token_raw *raw, const uint8_t id[static TOKEN_RAW_ID_BYTES],
                         bool *holds) {
    CK_ATTRIBUTE wanted = {CKA_ID, (void *)(uintptr_t)id, TOKEN_RAW_ID_BYTES};
    struct token_raw_found found;
    *holds = false;
    ERR_TRY(token_raw_find(raw, &wanted, 1, &found));
    *holds = found.count > 0;
    return ERR_OK;
}

enum err token_raw_destroy(struct token_raw *raw, const uint8_t id[static TOKEN_RAW_ID_BYTES]) {
    CK_ATTRIBUTE wanted = {CKA_ID, (void *)(uintptr_t)id, TOKEN_RAW_ID_BYTES};
    struct token_raw_found found;
    ERR_TRY(token_raw_find(raw, &wanted, 1, &found));
    for (CK_ULONG i = 0; i < found.count; i++)
        ERR_TRY(token_raw_assert_id(raw, found.objects[i], id));
    ERR_TRY(destroy_found(raw, &found));
    ERR_TRY(token_raw_find(raw, &wanted, 1, &found));
    return found.count == 0 ? ERR_OK : ERR_HSM;
}

static enum err is_nameless(struct token_raw *raw, CK_OBJECT_HANDLE object, bool *nameless) {
    CK_ATTRIBUTE names[] = {{CKA_ID, NULL, 0}, {CKA_LABEL, NULL, 0}};
    *nameless = false;
    CK_RV result = raw->module->C_GetAttributeValue(raw->session, object, names, 2);
    if (result != CKR_OK && result != CKR_ATTRIBUTE_TYPE_INVALID)
        return token_raw_failed("C_GetAttributeValue", result);
    bool has_id = names[0].ulValueLen != 0 && names[0].ulValueLen != CK_UNAVAILABLE_INFORMATION;
    bool has_label = names[1].ulValueLen != 0 && names[1].ulValueLen != CK_UNAVAILABLE_INFORMATION;
    *nameless = !has_id && !has_label;
    return ERR_OK;
}

/* Not every module finds an object by an empty id: all of the class are looked at. */
static enum err find_nameless(struct token_raw *raw, struct token_raw_found *nameless) {
    struct token_raw_found batch = {.count = 1};
    CK_RV result = CKR_OK;
    while (result == CKR_OK && batch.count > 0) {
        result = raw->module->C_FindObjects(raw->session, batch.objects, TOKEN_RAW_FOUND_MAX,
                                            &batch.count);
        for (CK_ULONG i = 0; result == CKR_OK && i < batch.count; i++) {
            bool is_one;
            ERR_TRY(is_nameless(raw, batch.objects[i], &is_one));
            if (is_one && nameless->count < TOKEN_RAW_FOUND_MAX)
                nameless->objects[nameless->count++] = batch.objects[i];
        }
    }
    return result == CKR_OK ? ERR_OK : token_raw_failed("C_FindObjects", result);
}

static enum err sweep_class(struct token_raw *raw, CK_OBJECT_CLASS class, size_t *destroyed) {
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    struct token_raw_found nameless = {.count = 0};
    TOKEN_RAW_TRY(raw, C_FindObjectsInit, &wanted, 1);
    enum err err = find_nameless(raw, &nameless);
    CK_RV ended = raw->module->C_FindObjectsFinal(raw->session);
    ERR_TRY(err);
    if (ended != CKR_OK)
        return token_raw_failed("C_FindObjectsFinal", ended);
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
    TOKEN_RAW_TRY(raw, C_FindObjectsInit, &wanted, 1);
    struct token_raw_found found = {.count = 1};
    CK_RV result = CKR_OK;
    while (result == CKR_OK && found.count > 0) {
        result = raw->module->C_FindObjects(raw->session, found.objects, TOKEN_RAW_FOUND_MAX,
                                            &found.count);
        *count += result == CKR_OK ? found.count : 0;
    }
    CK_RV ended = raw->module->C_FindObjectsFinal(raw->session);
    if (ended != CKR_OK)
        return token_raw_failed("C_FindObjectsFinal", ended);
    return result == CKR_OK ? ERR_OK : token_raw_failed("C_FindObjects", result);
}
