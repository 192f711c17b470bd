#include <dlfcn.h>
#include <stdlib.h>

#include "firmware/base/log.h"
#include "hsm/token_raw_state.h"

enum err token_raw_failed(const char *function, CK_RV result) {
    log_event(LOG_ERROR, "pkcs11-failed", "function=%s result=0x%lx", function, result);
    return ERR_HSM;
}

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
    return result == CKR_OK ? ERR_OK : token_raw_failed("C_GetFunctionList", result);
}

static enum err open_session(struct token_raw *raw) {
    CK_FLAGS flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
    CK_RV result = raw->module->C_OpenSession(raw->slot, flags, NULL, NULL, &raw->session);
    return result == CKR_OK ? ERR_OK : token_raw_failed("C_OpenSession", result);
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
        return token_raw_failed("C_GetTokenInfo", result);
    if ((token.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_FINAL_TRY)) != 0) {
        log_event(LOG_ERROR, "pin-not-tried", "reason=%s",
                  (token.flags & CKF_USER_PIN_LOCKED) != 0 ? "locked" : "final-try");
        return ERR_PIN;
    }
    result = raw->module->C_Login(raw->session, CKU_USER, pin->data, pin->len);
    if (result == CKR_OK)
        return ERR_OK;
    (void)token_raw_failed("C_Login", result);
    return is_pin_refusal(result) ? ERR_PIN : ERR_HSM;
}
