#pragma once

#include <p11-kit/pkcs11.h>

#include "hsm/token_raw.h"

/* Inside token_raw: what its files share. */
#define TOKEN_RAW_FOUND_MAX 16

struct token_raw {
    CK_FUNCTION_LIST *module;
    CK_SLOT_ID slot;
    bool joint_uses;
    CK_SESSION_HANDLE session;
};

/* Logs that a PKCS#11 function failed; gives ERR_HSM. */
enum err token_raw_failed(const char *function, CK_RV result);

/* Calls a function of the module in the session; its failure is the caller's. */
#define TOKEN_RAW_TRY(raw, function, ...)                                                          \
    do {                                                                                           \
        CK_RV result_ = (raw)->module->function((raw)->session, __VA_ARGS__);                      \
        if (result_ != CKR_OK)                                                                     \
            return token_raw_failed(#function, result_);                                           \
    } while (0)

/* The objects that match a template, up to TOKEN_RAW_FOUND_MAX. */
struct token_raw_found {
    CK_OBJECT_HANDLE objects[TOKEN_RAW_FOUND_MAX];
    CK_ULONG count;
};
/* ERR_HSM. */
MUST_CHECK enum err token_raw_find(struct token_raw *raw, CK_ATTRIBUTE *wanted,
                                   CK_ULONG wanted_count, struct token_raw_found *found);
/*
 * ERR_HSM: the object of a handle is not the one with ${id} that it was found as. tpm2-pkcs11 gives
 * new objects a handle that others have too, once the process has destroyed some, and then means
 * the oldest by it.
 */
MUST_CHECK enum err token_raw_assert_id(struct token_raw *raw, CK_OBJECT_HANDLE object,
                                        const uint8_t id[static TOKEN_RAW_ID_BYTES]);
