#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <syslog.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "tests/fault/pkcs11_fault.h"

/*
 * A PKCS#11 module that is another one (SHIM_MODULE), but for its faults. It writes a line a call
 * of what uses or changes keys, and of logins, to SHIM_LOG, and at call number N of those that use
 * or change keys it does what SHIM_FAULT says, "N:before" or "N:after" (the process dies around the
 * call), "N:fail" (CKR_DEVICE_ERROR), "N:lost" (all sessions closed, as after a reset of an HSM),
 * "N:say" (a line to syslog). And it does what the page says that SHIM_PAGE names (pkcs11_fault.h).
 */
#define PKCS11_SHIM_DEATH 99
#define HIDDEN_MAX        64

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST shim;
static int log_fd = -1;
static unsigned long calls;
static unsigned long fault_at;
static char fault_kind[16];
static CK_SLOT_ID last_slot;
static struct pkcs11_fault *page;
static enum pkcs11_fault_kind striking; /* in the call that is being made */
static CK_OBJECT_HANDLE hidden[HIDDEN_MAX];
static size_t hidden_count;

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

/* Takes one from a counter; false when there was none. */
static bool take(atomic_uint *counter) {
    unsigned left = atomic_load(counter);
    while (left > 0)
        if (atomic_compare_exchange_weak(counter, &left, left - 1))
            return true;
    return false;
}

/* By a call that every confined process may make, and that needs no processor. */
static _Noreturn void hang(void) {
    static unsigned never;
    for (;;)
        (void)syscall(SYS_futex, &never, FUTEX_WAIT, 0, NULL, NULL, 0);
}

/* Whether the call must not be made, and what it returns instead. */
static bool strikes(enum pkcs11_function function, CK_SESSION_HANDLE session, CK_RV *result) {
    striking = PKCS11_WELL;
    if (page == NULL)
        return false;
    atomic_fetch_add(&page->calls[function], 1);
    if (atomic_load(&page->function) != function || atomic_load(&page->kind) == PKCS11_WELL ||
        take(&page->skip) || !take(&page->times))
        return false;
    striking = (enum pkcs11_fault_kind)atomic_load(&page->kind);
    atomic_fetch_add(&page->struck, 1);
    if (striking == PKCS11_HANGS)
        hang();
    if (striking == PKCS11_LOSES)
        (void)real->C_CloseAllSessions(last_slot);
    if (striking == PKCS11_LOGS_OUT)
        (void)real->C_Logout(session);
    *result = striking == PKCS11_RETURNS ? atomic_load(&page->result) : CKR_OK;
    return striking == PKCS11_RETURNS || striking == PKCS11_LIES;
}

/* What the call gives, once it was made. */
static CK_RV given(CK_RV result, unsigned char *output, const CK_ULONG *len) {
    if (striking == PKCS11_FLIPS && result == CKR_OK && output != NULL && *len > 0)
        output[*len - 1] ^= 1;
    return striking == PKCS11_DOES ? atomic_load(&page->result) : result;
}

static void hide(CK_OBJECT_HANDLE object) {
    if (hidden_count < HIDDEN_MAX)
        hidden[hidden_count++] = object;
}

static bool is_hidden(CK_OBJECT_HANDLE object) {
    for (size_t i = 0; i < hidden_count; i++)
        if (hidden[i] == object)
            return true;
    return false;
}

/* As SoftHSM leaves it when a generation fails. */
static void leave_half(CK_SESSION_HANDLE session) {
    CK_OBJECT_HANDLE object;
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = CKK_RSA;
    CK_BBOOL yes = CK_TRUE;
    unsigned char modulus[256] = {0x80, [255] = 1}, exponent[] = {1, 0, 1};
    CK_ATTRIBUTE template[] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_MODULUS, modulus, sizeof modulus},
        {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
    };
    if (real->C_CreateObject(session, template, 5, &object) != CKR_OK)
        abort();
}

static CK_RV initialise(void *arguments) {
    CK_RV result;
    hidden_count = 0;
    return strikes(PKCS11_C_Initialize, 0, &result)
               ? result
               : given(real->C_Initialize(arguments), NULL, NULL);
}

static CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *information) {
    CK_RV result;
    return strikes(PKCS11_C_GetTokenInfo, 0, &result)
               ? result
               : given(real->C_GetTokenInfo(slot, information), NULL, NULL);
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session) {
    CK_RV result;
    last_slot = slot;
    if (strikes(PKCS11_C_OpenSession, 0, &result))
        return result;
    return given(real->C_OpenSession(slot, flags, application, notify, session), NULL, NULL);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len) {
    CK_RV result;
    note("C_Login");
    if (strikes(PKCS11_C_Login, session, &result))
        return result;
    return given(real->C_Login(session, user, pin, len), NULL, NULL);
}

static CK_RV find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG count) {
    CK_RV result;
    if (strikes(PKCS11_C_FindObjectsInit, session, &result))
        return result;
    return given(real->C_FindObjectsInit(session, wanted, count), NULL, NULL);
}

static CK_RV find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG size,
                  CK_ULONG *count) {
    CK_RV result;
    CK_ULONG shown = 0;
    *count = 0;
    if (strikes(PKCS11_C_FindObjects, session, &result))
        return result;
    do { /* a batch of which all is hidden is not the end */
        result = real->C_FindObjects(session, objects, size, count);
        shown = 0;
        for (CK_ULONG i = 0; result == CKR_OK && i < *count; i++)
            if (!is_hidden(objects[i]))
                objects[shown++] = objects[i];
    } while (result == CKR_OK && *count > 0 && shown == 0);
    *count = shown;
    return given(result, NULL, NULL);
}

static CK_RV get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                            CK_ATTRIBUTE *attributes, CK_ULONG count) {
    CK_RV result;
    if (strikes(PKCS11_C_GetAttributeValue, session, &result))
        return result;
    return given(real->C_GetAttributeValue(session, object, attributes, count), NULL, NULL);
}

static CK_RV generate(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public_key,
                      CK_ULONG public_count, CK_ATTRIBUTE *private_key, CK_ULONG private_count,
                      CK_OBJECT_HANDLE *made_public, CK_OBJECT_HANDLE *made_private) {
    CK_RV result = before("C_GenerateKeyPair");
    if (result != CKR_OK || strikes(PKCS11_C_GenerateKeyPair, session, &result))
        return result;
    if (striking == PKCS11_LEAVES_HALF) {
        leave_half(session);
        return atomic_load(&page->result);
    }
    result = real->C_GenerateKeyPair(session, mechanism, public_key, public_count, private_key,
                                     private_count, made_public, made_private);
    if (striking == PKCS11_HIDES) {
        hide(*made_public);
        hide(*made_private);
    }
    after();
    return given(result, NULL, NULL);
}

static CK_RV destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
    CK_RV result = before("C_DestroyObject");
    if (result != CKR_OK || strikes(PKCS11_C_DestroyObject, session, &result))
        return result;
    if (striking == PKCS11_HIDES) {
        hide(object);
        return CKR_OK;
    }
    result = real->C_DestroyObject(session, object);
    after();
    return given(result, NULL, NULL);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
    CK_RV result;
    if (strikes(PKCS11_C_SignInit, session, &result))
        return result;
    return given(real->C_SignInit(session, mechanism, key), NULL, NULL);
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len,
                  unsigned char *signature, CK_ULONG *signature_len) {
    CK_RV result = before("C_Sign");
    if (result != CKR_OK || strikes(PKCS11_C_Sign, session, &result))
        return result;
    result = real->C_Sign(session, data, len, signature, signature_len);
    after();
    return given(result, signature, signature_len);
}

static CK_RV decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                          CK_OBJECT_HANDLE key) {
    CK_RV result;
    if (strikes(PKCS11_C_DecryptInit, session, &result))
        return result;
    return given(real->C_DecryptInit(session, mechanism, key), NULL, NULL);
}

static CK_RV decrypt(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len,
                     unsigned char *plain, CK_ULONG *plain_len) {
    CK_RV result = before("C_Decrypt");
    if (result != CKR_OK || strikes(PKCS11_C_Decrypt, session, &result))
        return result;
    result = real->C_Decrypt(session, data, len, plain, plain_len);
    after();
    return given(result, plain, plain_len);
}

static CK_RV derive(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
                    CK_ATTRIBUTE *key, CK_ULONG count, CK_OBJECT_HANDLE *derived) {
    CK_RV result = before("C_DeriveKey");
    if (result != CKR_OK || strikes(PKCS11_C_DeriveKey, session, &result))
        return result;
    result = real->C_DeriveKey(session, mechanism, base, key, count, derived);
    after();
    return given(result, NULL, NULL);
}

static bool map_page(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    void *mapped = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (mapped == MAP_FAILED)
        return false;
    page = mapped;
    return true;
}

static CK_RV load(void) {
    const char *path = getenv("SHIM_MODULE"), *log = getenv("SHIM_LOG"),
               *fault = getenv("SHIM_FAULT"), *shared = getenv("SHIM_PAGE");
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
    if (shared != NULL && !map_page(shared))
        return CKR_ARGUMENTS_BAD;
    shim = *real;
    shim.C_Initialize = initialise;
    shim.C_GetTokenInfo = token_info;
    shim.C_OpenSession = open_session;
    shim.C_Login = login;
    shim.C_FindObjectsInit = find_init;
    shim.C_FindObjects = find;
    shim.C_GetAttributeValue = get_attributes;
    shim.C_GenerateKeyPair = generate;
    shim.C_DestroyObject = destroy;
    shim.C_SignInit = sign_init;
    shim.C_Sign = sign;
    shim.C_DecryptInit = decrypt_init;
    shim.C_Decrypt = decrypt;
    shim.C_DeriveKey = derive;
    return CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
    CK_RV result = real != NULL ? CKR_OK : load();
    *list = &shim;
    return result;
}
