#include <dlfcn.h>
#include <fcntl.h>
#include <getopt.h>
#include <p11-kit/pkcs11.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "firmware/base/secret.h"

/*
 * idcs-token: makes a PKCS#11 token ready for the box. PINs are made here and go into files, so
 * that they are never in an argument, an environment or a terminal.
 */
enum { PIN_DIGITS = 12, LABEL_CHARS = 32, SLOTS_MAX = 64 };

static const char usage_text[] =
    "usage: idcs-token --label LABEL --pin-file FILE --so-pin-file FILE [--module FILE]\n"
    "\n"
    "Initialises a free slot of the PKCS#11 module as token LABEL, with a user PIN and a security\n"
    "officer's PIN that are drawn at random into the two files (mode 0600) unless they are there.\n"
    "A token with this label is left as it is.\n"
    "\n"
    "  --label LABEL       label of the token (at most 32 characters)\n"
    "  --pin-file FILE     the user PIN, which hsm-signer reads\n"
    "  --so-pin-file FILE  the security officer's PIN: keep it off the box\n"
    "  --module FILE       the PKCS#11 module (default /usr/lib/softhsm/libsofthsm2.so)\n"
    "\n"
    "example: idcs-token --label idcs --pin-file /var/lib/idcs/hsm/pin --so-pin-file "
    "/root/so-pin\n";

struct options {
    const char *module, *label, *pin_file, *so_pin_file;
};

static int complain(const char *what, const char *subject, unsigned long code) {
    fprintf(stderr, "idcs-token: %s: %s", what, subject);
    if (code != 0)
        fprintf(stderr, " (PKCS#11 0x%lx)", code);
    fputc('\n', stderr);
    return 1;
}

/* Draws a PIN into a new file; one that exists is kept. */
static enum err make_pin(const char *path) {
    char pin[PIN_DIGITS + 1];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return access(path, R_OK) == 0 ? ERR_OK : ERR_SYSTEM;
    for (size_t i = 0; i < PIN_DIGITS; i++)
        pin[i] = (char)('0' + randombytes_uniform(10));
    pin[PIN_DIGITS] = '\n';
    bool written = write(fd, pin, sizeof(pin)) == sizeof(pin) && fsync(fd) == 0;
    secret_wipe(pin, sizeof(pin));
    return close(fd) == 0 && written ? ERR_OK : ERR_SYSTEM;
}

static enum err read_pin(const char *path, struct secret *pin) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ERR_NOT_FOUND;
    enum err result = secret_new(pin, 256);
    ssize_t len = result == ERR_OK ? read(fd, pin->data, pin->len) : -1;
    close(fd);
    if (len <= 0)
        return ERR_SYSTEM;
    pin->len = (size_t)len;
    while (pin->len > 0 && pin->data[pin->len - 1] == '\n')
        pin->len--;
    return pin->len >= 4 ? ERR_OK : ERR_MALFORMED;
}

static void pad_label(const char *label, CK_UTF8CHAR padded[static LABEL_CHARS]) {
    memset(padded, ' ', LABEL_CHARS);
    for (size_t i = 0; i < LABEL_CHARS && label[i] != '\0'; i++)
        padded[i] = (CK_UTF8CHAR)label[i];
}

/*
 * The slot to use: ${found} when the token is there already; else one whose making was interrupted
 * before the user had a PIN, so that nothing can be in it; else one whose token is not initialised.
 */
static CK_RV choose_slot(CK_FUNCTION_LIST *p11, const CK_UTF8CHAR *label, CK_SLOT_ID *slot,
                         bool *found) {
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_RV rv = p11->C_GetSlotList(CK_TRUE, slots, &count);
    bool is_free = false, is_unfinished = false;
    *found = false;
    for (CK_ULONG i = 0; rv == CKR_OK && i < count && !*found; i++) {
        CK_TOKEN_INFO info;
        if (p11->C_GetTokenInfo(slots[i], &info) != CKR_OK)
            continue;
        bool initialised = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
        bool named = initialised && memcmp(info.label, label, LABEL_CHARS) == 0;
        *found = named && (info.flags & CKF_USER_PIN_INITIALIZED) != 0;
        if (named || (!initialised && !is_free && !is_unfinished))
            *slot = slots[i];
        is_unfinished = is_unfinished || named;
        is_free = is_free || !initialised;
    }
    if (rv != CKR_OK)
        return rv;
    return is_unfinished || is_free ? CKR_OK : CKR_SLOT_ID_INVALID;
}

static CK_RV initialise(CK_FUNCTION_LIST *p11, CK_SLOT_ID slot, CK_UTF8CHAR *label,
                        const struct secret *so_pin, const struct secret *pin) {
    CK_SESSION_HANDLE session;
    CK_RV rv = p11->C_InitToken(slot, so_pin->data, so_pin->len, label);
    if (rv == CKR_OK)
        rv = p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);
    if (rv == CKR_OK)
        rv = p11->C_Login(session, CKU_SO, so_pin->data, so_pin->len);
    if (rv == CKR_OK)
        rv = p11->C_InitPIN(session, pin->data, pin->len);
    return rv;
}

static int make_token(const struct options *options, CK_FUNCTION_LIST *p11) {
    SECRET(so_pin);
    SECRET(pin);
    CK_UTF8CHAR label[LABEL_CHARS];
    CK_SLOT_ID slot = 0;
    bool found = false;
    pad_label(options->label, label);
    CK_RV rv = choose_slot(p11, label, &slot, &found);
    if (rv != CKR_OK)
        return complain("no free slot for a new token", options->label, rv);
    if (found) {
        printf("token %s is there already\n", options->label);
        return 0;
    }
    if (make_pin(options->so_pin_file) != ERR_OK ||
        read_pin(options->so_pin_file, &so_pin) != ERR_OK)
        return complain("cannot make or read the PIN file", options->so_pin_file, 0);
    if (make_pin(options->pin_file) != ERR_OK || read_pin(options->pin_file, &pin) != ERR_OK)
        return complain("cannot make or read the PIN file", options->pin_file, 0);
    rv = initialise(p11, slot, label, &so_pin, &pin);
    if (rv != CKR_OK)
        return complain("cannot initialise the token", options->label, rv);
    printf("token %s is made\n", options->label);
    return 0;
}

static void close_module(void **module) {
    if (*module != NULL)
        (void)dlclose(*module);
}

static int run(const struct options *options) {
    __attribute__((cleanup(close_module))) void *module =
        dlopen(options->module, RTLD_NOW | RTLD_LOCAL);
    if (module == NULL)
        return complain("cannot load the PKCS#11 module, install it or name another by --module",
                        options->module, 0);
    CK_C_GetFunctionList get_list = NULL;
    *(void **)&get_list = dlsym(module, "C_GetFunctionList");
    CK_FUNCTION_LIST *p11 = NULL;
    if (get_list == NULL || get_list(&p11) != CKR_OK)
        return complain("not a PKCS#11 module", options->module, 0);
    if (p11->C_Initialize(NULL) != CKR_OK)
        return complain("cannot initialise the module, look at its own configuration",
                        options->module, 0);
    int status = make_token(options, p11);
    (void)p11->C_Finalize(NULL);
    return status;
}

int main(int argc, char **argv) {
    static const struct option long_options[] = {
        {"module", required_argument, NULL, 'm'},   {"label", required_argument, NULL, 'l'},
        {"pin-file", required_argument, NULL, 'p'}, {"so-pin-file", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct options options = {.module = "/usr/lib/softhsm/libsofthsm2.so"};
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option == 'm')
            options.module = optarg;
        else if (option == 'l')
            options.label = optarg;
        else if (option == 'p')
            options.pin_file = optarg;
        else if (option == 's')
            options.so_pin_file = optarg;
        else
            return fputs(usage_text, option == 'h' ? stdout : stderr), option == 'h' ? 0 : 2;
    }
    if (options.label == NULL || strlen(options.label) > LABEL_CHARS || options.pin_file == NULL ||
        options.so_pin_file == NULL || optind != argc)
        return fputs(usage_text, stderr), 2;
    if (sodium_init() < 0 || secret_arena_open(64 * 1024) != ERR_OK)
        return complain("cannot lock memory for the PINs", "raise the memlock limit", 0);
    return run(&options);
}
