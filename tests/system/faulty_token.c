#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

/*
 * A PKCS#11 module that is SoftHSM, until the test that holds the other end of its page says
 * otherwise. The page is the file "NAME.page" beside this module, which is mapped before its
 * process confines itself: nothing but memory is touched afterwards. All signers of a box share it.
 */
struct page {
    atomic_uint logins; /* attempts, right or wrong: counted here */
    atomic_uint resets; /* raised by the test: every process loses all its sessions once more */
    atomic_uint hangs;  /* so many of the next uses of a key never return */
    atomic_uint uses;   /* of keys */
};

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST list;
static struct page *page;
static unsigned resets_seen;
static CK_SLOT_ID slot_in_use;

/* The HSM has been reset: what sessions there were are gone, whoever had them. */
static void lose_sessions(void) {
    unsigned resets = atomic_load(&page->resets);
    if (resets == resets_seen)
        return;
    resets_seen = resets;
    (void)real->C_CloseAllSessions(slot_in_use);
}

/* Without a system call: the process is confined. */
static void hang(void) {
    unsigned hangs = atomic_load(&page->hangs);
    while (hangs > 0 && !atomic_compare_exchange_weak(&page->hangs, &hangs, hangs - 1))
        continue;
    for (volatile bool for_ever = hangs > 0; for_ever;)
        continue;
}

static CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *session) {
    slot_in_use = slot;
    return real->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, CK_ULONG len) {
    atomic_fetch_add(&page->logins, 1);
    return real->C_Login(session, user, pin, len);
}

static CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key) {
    lose_sessions();
    return real->C_SignInit(session, mechanism, key);
}

static CK_RV sign(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len,
                  unsigned char *signature, CK_ULONG *signature_len) {
    atomic_fetch_add(&page->uses, 1);
    hang();
    return real->C_Sign(session, data, len, signature, signature_len);
}

static CK_RV decrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                          CK_OBJECT_HANDLE key) {
    lose_sessions();
    return real->C_DecryptInit(session, mechanism, key);
}

static CK_RV decrypt(CK_SESSION_HANDLE session, unsigned char *data, CK_ULONG len,
                     unsigned char *plain, CK_ULONG *plain_len) {
    atomic_fetch_add(&page->uses, 1);
    hang();
    return real->C_Decrypt(session, data, len, plain, plain_len);
}

static bool map_page(void) {
    Dl_info own;
    char path[4096];
    if (dladdr(&list, &own) == 0)
        return false;
    (void)snprintf(path, sizeof path, "%s.page", own.dli_fname);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    void *mapped = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    page = mapped;
    return mapped != MAP_FAILED;
}

static CK_RV load(void) {
    void *handle = dlopen(REAL_MODULE, RTLD_NOW);
    CK_C_GetFunctionList get_function_list = NULL;
    if (handle != NULL)
        *(void **)&get_function_list = dlsym(handle, "C_GetFunctionList");
    if (get_function_list == NULL || get_function_list(&real) != CKR_OK || !map_page())
        return CKR_GENERAL_ERROR;
    resets_seen = atomic_load(&page->resets);
    list = *real;
    list.C_OpenSession = open_session;
    list.C_Login = login;
    list.C_SignInit = sign_init;
    list.C_Sign = sign;
    list.C_DecryptInit = decrypt_init;
    list.C_Decrypt = decrypt;
    return CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **found) {
    CK_RV result = real != NULL && page != NULL ? CKR_OK : load();
    *found = &list;
    return result;
}
