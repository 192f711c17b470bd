#include "hsm/token_foreign.h"

#include <p11-kit/pkcs11.h>

#include "firmware/base/log.h"

#define FOUND_AT_ONCE 16
#define LABEL_SIZE    33

static void look_at(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
    char label[LABEL_SIZE] = "", safe[LABEL_SIZE];
    CK_KEY_TYPE type = CK_UNAVAILABLE_INFORMATION;
    CK_ATTRIBUTE wanted[] = {{CKA_KEY_TYPE, &type, sizeof type},
                             {CKA_LABEL, label, sizeof label - 1}};
    (void)module->C_GetAttributeValue(session, object, wanted, 2); /* what it gives, it gives */
    if (type == CKK_RSA || type == CKK_EC)
        return;
    log_event(LOG_ERROR, "token-key-of-unknown-type", "type=0x%lx label=%s advice=%s", type,
              log_safe(label, safe, sizeof safe), "remove-it-from-this-token");
}

static void look_through(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session,
                         CK_OBJECT_CLASS class) {
    CK_ATTRIBUTE wanted = {CKA_CLASS, &class, sizeof class};
    CK_OBJECT_HANDLE found[FOUND_AT_ONCE];
    CK_ULONG count = 0;
    if (module->C_FindObjectsInit(session, &wanted, 1) != CKR_OK)
        return;
    while (module->C_FindObjects(session, found, FOUND_AT_ONCE, &count) == CKR_OK && count > 0)
        for (CK_ULONG i = 0; i < count; i++)
            look_at(module, session, found[i]);
    (void)module->C_FindObjectsFinal(session);
}

void token_foreign_report(const struct token_raw *raw) {
    CK_SESSION_HANDLE session;
    CK_FUNCTION_LIST *module = token_raw_module(raw, &session);
    look_through(module, session, CKO_PRIVATE_KEY);
    look_through(module, session, CKO_PUBLIC_KEY);
}
