#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

/*
 * A PKCS#11 module that is another one (SHIM_MODULE), but for two things: it writes a line a call
 * of the functions below to SHIM_LOG, and at call number N of those that use or change keys it does
 * what SHIM_FAULT says, "N:before" or "N:after" (the process dies around the call), "N:fail"
 * (CKR_DEVICE_ERROR), "N:hang", "N:lost" (all sessions closed, as after a reset of an HSM), "N:say"
 * (a line to syslog).
 */
#define PKCS11_SHIM_DEATH 99

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST shim;
static int log_fd = -1;
static unsigned long calls;
static unsigned long fault_at;
static char fault_kind[16];
static CK_SLOT_ID last_slot;

static void note(const char *function) {
    char line[64];
    int len = snprintf(line, sizeof line, "%s\n", function);
    if (log_fd >= 0 && write(log_fd, line, (size_t)len) != len)
        abort();
}

/* As kill -9 would, which a confined process may not send: nothing is flushed, nothing is tidied.
 */
static void die(void) {
    _exit(PKCS11_SHIM_DEATH);
}

/* CKR_OK: make the call. */
static CK_RV before(const char *function) {
    note(function);
    calls++;
    if (calls != fault_at)
        return CKR_OK;
    if (strcmp(fault_kind, "before") == 0)
        die();
    if (strcmp(fault_kind, "hang") == 0)
        for (;;)
            (void)pause();
    if (strcmp(fault_kind, "lost") == 0)
        (void)real->C_CloseAllSessions(last_slot);
    if (strcmp(fault_kind, "say") == 0)
        syslog(LOG_ERR, "the module says something");
    return strcmp(fault_kind, "fail") == 0 ? CKR_DEVICE_ERROR : CKR_OK;
}

static void after(void) {
    if (calls == fault_at && strcmp(fault_kind, "after") == 0)
        die();
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session) {
    last_slot = slot;
    return real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len) {
    note("C_Login");
    return real->C_Login(session, user, pin, len);
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_key,
                      CK_ULONG public_count, CK_ATTRIBUTE *private_key, CK_ULONG private_count,
                      CK_OBJECT_HANDLE *made_public, CK_OBJECT_HANDLE *made_private) {
    CK_RV result = before("C_GenerateKeyPair");
    if (result == CKR_OK)
        result = real->C_GenerateKeyPair(session, mechanism, public_key, public_count, private_key,
                                         private_count, made_public, made_private);
    after();
    return result;
}

static CK_RV destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
    CK_RV result = before("C_DestroyObject");
    if (result == CKR_OK)
        result = real->C_DestroyObject(session, object);
    after();
    return result;
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len,
                  unsigned char *signature, CK_ULONG *signature_len) {
    CK_RV result = before("C_Sign");
    if (result == CKR_OK)
        result = real->C_Sign(session, data, len, signature, signature_len);
    after();
    return result;
}

static CK_RV decrypt(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len,
                     unsigned char *plain, CK_ULONG *plain_len) {
    CK_RV result = before("C_Decrypt");
    if (result == CKR_OK)
        result = real->C_Decrypt(session, data, len, plain, plain_len);
    after();
    return result;
}

static CK_RV derive(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                    CK_ATTRIBUTE *key, CK_ULONG count, CK_OBJECT_HANDLE *derived) {
    CK_RV result = before("C_DeriveKey");
    if (result == CKR_OK)
        result = real->C_DeriveKey(session, mechanism, base, key, count, derived);
    after();
    return result;
}

static CK_RV load(void) {
    const char *path = getenv("SHIM_MODULE"), *log = getenv("SHIM_LOG"),
               *fault = getenv("SHIM_FAULT");
    void *handle = path != NULL ? dlopen(path, RTLD_NOW) : NULL;
    CK_C_GetFunctionList get_function_list = NULL;
    if (handle != NULL)
        *(void **)&get_function_list = dlsym(handle, "C_GetFunctionList");
    if (get_function_list == NULL || get_function_list(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    if (log != NULL)
        log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fault != NULL && sscanf(fault, "%lu:%15s", &fault_at, fault_kind) != 2)
        return CKR_ARGUMENTS_BAD;
    shim = *real;
    shim.C_OpenSession = open_session;
    shim.C_Login = login;
    shim.C_GenerateKeyPair = generate;
    shim.C_DestroyObject = destroy;
    shim.C_Sign = sign;
    shim.C_Decrypt = decrypt;
    shim.C_DeriveKey = derive;
    return CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
    CK_RV result = real != NULL ? CKR_OK : load();
    *list = &shim;
    return result;
}
