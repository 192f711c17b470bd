#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>

#include "firmware/base/secret.h"
#include "tests/lib/hsm_box.h"

/*
 * The module fails while a signer starts, or what is in the token is not what it ought to be. The
 * signer never says that it is ready; it ends, or is silent so that authd ends it; and once the
 * fault is gone it serves.
 */
#define NOTHING bytes_of(NULL, 0)

static struct hsm_box box;
static const struct hsm_signer_plan by_shim = {.fault = ""};

static int make_box(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_box_make(&box);
    if (secret_arena_open(65536) != ERR_OK)
        return -1;
    hsm_signer_provision(&box, &signer);
    hsm_signer_stop(&signer);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

static void assert_serves(void) {
    struct hsm_signer signer;
    struct hsm_root_made made;
    hsm_box_heal(&box);
    hsm_signer_start(&box, &by_shim, &signer);
    assert_true(hsm_signer_greet(&signer).provisioned);
    struct bytes payload = hsm_signer_ask(&signer, signer.provd, HSM_NEW_ROOT, NOTHING);
    assert_int_equal(hsm_wire_get_root_made(payload, &made), ERR_OK);
    assert_int_equal(made.receipt.status, ERR_OK);
    hsm_signer_stop(&signer);
}

static void assert_not_ready(const struct hsm_signer *signer) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    assert_int_not_equal(frame_receive(signer->control, memory, sizeof memory, &frame, 0), ERR_OK);
}

static void assert_start_ends(const struct hsm_fault *fault, int expected) {
    struct hsm_signer signer;
    hsm_box_break(&box, fault);
    hsm_signer_start(&box, &by_shim, &signer);
    assert_int_equal(hsm_signer_wait(&signer), expected);
    assert_true(hsm_box_struck(&box) > 0);
    assert_not_ready(&signer);
    hsm_signer_stop(&signer);
}

/* The calls of a start. The first key that is used opens the pepper. */
static const enum pkcs11_function of_a_start[] = {
    PKCS11_C_Initialize,        PKCS11_C_GetTokenInfo,
    PKCS11_C_OpenSession,       PKCS11_C_Login,
    PKCS11_C_FindObjectsInit,   PKCS11_C_FindObjects,
    PKCS11_C_GetAttributeValue, PKCS11_C_DecryptInit,
    PKCS11_C_Decrypt,
};
#define OF_A_START (sizeof of_a_start / sizeof *of_a_start)

static void a_call_that_fails_ends_the_start(void **state) {
    (void)state;
    static const CK_RV results[] = {CKR_DEVICE_ERROR, CKR_TOKEN_NOT_PRESENT};
    for (size_t i = 0; i < OF_A_START; i++)
        for (size_t j = 0; j < 2; j++)
            assert_start_ends(&(struct hsm_fault){.function = of_a_start[i],
                                                  .kind = PKCS11_RETURNS,
                                                  .result = results[j]},
                              BOOT_EXIT_FAILURE);
    assert_serves();
}

static void assert_start_hangs(const struct hsm_fault *fault) {
    struct hsm_signer signer;
    hsm_box_break(&box, fault);
    hsm_signer_start(&box, &by_shim, &signer);
    hsm_box_await_strike(&box);
    hsm_signer_kill_when_silent(&signer);
    assert_not_ready(&signer);
    hsm_signer_stop(&signer);
}

static void a_call_that_hangs_leaves_a_silent_process(void **state) {
    (void)state;
    for (size_t i = 0; i < OF_A_START; i++) {
        assert_start_hangs(
            &(struct hsm_fault){.function = of_a_start[i], .kind = PKCS11_HANGS, .times = 1});
        assert_serves();
    }
}

/*
 * The token is gone once the first session is open. libp11 0.4.12 waits for ever for a session that
 * nobody will give back (OpenSC/libp11#525); a later one says so.
 */
static void a_token_that_opens_no_second_session_ends_or_leaves_a_silent_process(void **state) {
    (void)state;
    assert_start_hangs(&(struct hsm_fault){.function = PKCS11_C_OpenSession,
                                           .kind = PKCS11_RETURNS,
                                           .result = CKR_TOKEN_NOT_PRESENT,
                                           .skip = 1});
    assert_serves();
}

/* What a module says of the PIN locks the box, and nothing else does. One attempt each. */
static void only_what_is_said_of_the_pin_locks(void **state) {
    (void)state;
    static const struct {
        CK_RV result;
        int expected;
    } cases[] = {
        {CKR_PIN_INCORRECT, BOOT_EXIT_PIN_REFUSED},
        {CKR_PIN_LOCKED, BOOT_EXIT_PIN_REFUSED},
        {CKR_PIN_EXPIRED, BOOT_EXIT_PIN_REFUSED},
        {CKR_PIN_INVALID, BOOT_EXIT_PIN_REFUSED},
        {CKR_USER_PIN_NOT_INITIALIZED, BOOT_EXIT_PIN_REFUSED},
        {CKR_USER_ALREADY_LOGGED_IN, BOOT_EXIT_FAILURE},
        {CKR_SESSION_READ_ONLY_EXISTS, BOOT_EXIT_FAILURE},
        {CKR_GENERAL_ERROR, BOOT_EXIT_FAILURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_start_ends(&(struct hsm_fault){.function = PKCS11_C_Login,
                                              .kind = PKCS11_RETURNS,
                                              .result = cases[i].result},
                          cases[i].expected);
        assert_int_equal(hsm_box_struck(&box), 1);
    }
    assert_serves();
}

/* Keys that are there are not found, or another's attributes are read: nothing is used unseen. */
static void a_token_that_shows_nothing_stops_the_start(void **state) {
    (void)state;
    assert_start_ends(&(struct hsm_fault){.function = PKCS11_C_FindObjects, .kind = PKCS11_LIES},
                      BOOT_EXIT_FAILURE);
    assert_serves();
}

/* As when somebody pulls it out: the keys' files are elsewhere for a while. */
static void a_token_removed_ends_the_signer_and_put_back_serves(void **state) {
    (void)state;
    struct hsm_signer signer;
    char away[128];
    if (!hsm_box_is_softhsm()) {
        print_message("a TPM has its keys in the module's memory\n");
        skip();
    }
    (void)snprintf(away, sizeof away, "%s-away", box.token_directory);
    hsm_signer_start(&box, &by_shim, &signer);
    (void)hsm_signer_greet(&signer);
    assert_int_equal(rename(box.token_directory, away), 0);
    struct hsm_checkpoint question = {.tree_size = 9, .wall_ms = 1705314030123};
    uint8_t memory[256];
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_checkpoint(&target, &question);
    hsm_signer_send(&signer, signer.core, HSM_CHECKPOINT, bytes_of(memory, target.len));
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
    hsm_signer_start(&box, &by_shim, &signer);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
    assert_int_equal(rename(away, box.token_directory), 0);
    assert_serves();
}

/* ---- a key of a type that libp11 does not know ---- */

#define EDWARDS_ID 0xed

static CK_RV open_module(CK_FUNCTION_LIST **module, CK_SESSION_HANDLE *session) {
    CK_C_GetFunctionList get_function_list;
    CK_SLOT_ID slots[4];
    CK_ULONG slot_count = 4;
    void *handle = dlopen(hsm_box_module(), RTLD_NOW);
    *(void **)&get_function_list = dlsym(handle, "C_GetFunctionList");
    CK_RV result = get_function_list(module);
    if (result == CKR_OK)
        result = (*module)->C_Initialize(NULL);
    if (result == CKR_OK)
        result = (*module)->C_GetSlotList(CK_TRUE, slots, &slot_count);
    if (result == CKR_OK)
        result = (*module)->C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                          session);
    return result != CKR_OK ? result
                            : (*module)->C_Login(*session, CKU_USER, (uint8_t *)HSM_BOX_PIN,
                                                 strlen(HSM_BOX_PIN));
}

static CK_RV make_edwards_pair(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session) {
    CK_BBOOL yes = CK_TRUE;
    CK_BYTE id[] = {EDWARDS_ID},
            curve[] = {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'};
    CK_OBJECT_HANDLE made[2];
    CK_MECHANISM mechanism = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
    CK_ATTRIBUTE public_key[] = {{CKA_TOKEN, &yes, sizeof yes},
                                 {CKA_ID, id, sizeof id},
                                 {CKA_EC_PARAMS, curve, sizeof curve}};
    CK_ATTRIBUTE private_key[] = {{CKA_TOKEN, &yes, sizeof yes},
                                  {CKA_PRIVATE, &yes, sizeof yes},
                                  {CKA_ID, id, sizeof id},
                                  {CKA_LABEL, (void *)(uintptr_t) "stranger", 8},
                                  {CKA_SIGN, &yes, sizeof yes}};
    return module->C_GenerateKeyPair(session, &mechanism, public_key, 3, private_key, 5, &made[0],
                                     &made[1]);
}

static CK_RV destroy_edwards_pair(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session) {
    CK_BYTE id[] = {EDWARDS_ID};
    CK_ATTRIBUTE wanted = {CKA_ID, id, sizeof id};
    CK_OBJECT_HANDLE found[4];
    CK_ULONG count = 0;
    CK_RV result = module->C_FindObjectsInit(session, &wanted, 1);
    if (result == CKR_OK)
        result = module->C_FindObjects(session, found, 4, &count);
    (void)module->C_FindObjectsFinal(session);
    for (CK_ULONG i = 0; i < count && result == CKR_OK; i++)
        result = module->C_DestroyObject(session, found[i]);
    return count == 2 ? result : CKR_GENERAL_ERROR;
}

/* Other hands, in a process of their own. */
static void by_others(CK_RV (*act)(CK_FUNCTION_LIST *module, CK_SESSION_HANDLE session)) {
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        CK_FUNCTION_LIST *module;
        CK_SESSION_HANDLE session;
        CK_RV result = open_module(&module, &session);
        _exit(result == CKR_OK && act(module, session) == CKR_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    hsm_box_give_away(&box);
}

static void look_for_a_key(void) {
    static const uint8_t id[TOKEN_RAW_ID_BYTES] = {1};
    const struct token_options options = hsm_box_options(NULL);
    struct token *token;
    EVP_PKEY *key;
    SECRET(pin);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(token_open(&token, &options, &pin), ERR_OK);
    assert_int_equal(token_key(token, id, &key), ERR_HSM);
    token_close(token);
}

/* What looking for a key writes to the log. */
static void read_log(char *text, size_t size) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/stderr", box.directory);
    int kept = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(kept >= 0 && file >= 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    look_for_a_key();
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    ssize_t len = pread(file, text, size - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    assert_int_equal(close(kept) | close(file), 0);
}

/* libp11 then lists none of the token's keys: no signer starts, and the log says what to remove. */
static void a_key_of_an_unknown_type_stops_the_start_and_is_told(void **state) {
    (void)state;
    char text[4096];
    struct hsm_signer signer;
    HSM_BOX_NEEDS(CKM_EC_EDWARDS_KEY_PAIR_GEN);
    by_others(make_edwards_pair);
    hsm_signer_start(&box, &by_shim, &signer);
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_FAILURE);
    hsm_signer_stop(&signer);
    read_log(text, sizeof text);
    assert_non_null(strstr(text, "token-key-of-unknown-type type=0x40 label=stranger"));
    by_others(destroy_edwards_pair);
    assert_serves();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_fails_ends_the_start),
        cmocka_unit_test(a_call_that_hangs_leaves_a_silent_process),
        cmocka_unit_test(a_token_that_opens_no_second_session_ends_or_leaves_a_silent_process),
        cmocka_unit_test(only_what_is_said_of_the_pin_locks),
        cmocka_unit_test(a_token_that_shows_nothing_stops_the_start),
        cmocka_unit_test(a_token_removed_ends_the_signer_and_put_back_serves),
        cmocka_unit_test(a_key_of_an_unknown_type_stops_the_start_and_is_told),
    };
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
