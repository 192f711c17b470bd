#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/base/boot.h"
#include "firmware/base/frame.h"
#include "firmware/base/serve.h"
#include "hsm/token.h"
#include "hsm/wire.h"
#include "hsm/wire_keys.h"
#include "tests/fault/pkcs11_fault.h"

/*
 * A box to try the signer in: a directory of its own with a real token, a PIN file and an empty
 * keyring; and hsm-signer processes, started as authd would. Everything here fails the test when it
 * does not work. As root, signers run as HSM_BOX_USER, who then owns the directory.
 *
 * The token is SoftHSM's, or, when tests/system/tpm2_suite.py runs the test, tpm2-pkcs11's on a TPM
 * in software: HSM_BOX_MODULE in the environment names the module, HSM_BOX_STORE the folder with a
 * new token of this label and PIN, which each box takes a copy of.
 */
#define HSM_BOX_PIN   "271828"
#define HSM_BOX_LABEL "idcs-test"
#define HSM_BOX_USER  65534

const char *hsm_box_module(void);
bool hsm_box_is_softhsm(void);
/* Of ${module}; NULL: the box's own. */
struct token_options hsm_box_options(const char *module);
/* Whether the module itself says that it has the CKM_ ${mechanism}. */
bool hsm_box_has(unsigned long mechanism);
/* What the module can have keys for, as a set of HSM_PURPOSE_BIT. */
uint32_t hsm_box_purposes(void);
unsigned hsm_box_purpose_count(void);
/* How often to repeat what is repeated ${times} times on SoftHSM: a TPM takes its time. */
unsigned hsm_box_times(unsigned times);
/* Ends the test as skipped, which cmocka counts and prints, when the module lacks a mechanism. */
#define HSM_BOX_NEEDS(mechanism)                                                                   \
    do {                                                                                           \
        if (!hsm_box_has(mechanism)) {                                                             \
            print_message("the module lacks " #mechanism "\n");                                    \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

struct hsm_box {
    char directory[64];
    char token_directory[96];
    char keyring_directory[96];
    char configuration[96];
    char pin_file[96];
    char log_file[96]; /* of the shim */
    char fault_file[96];
    struct pkcs11_fault *fault; /* read by all who use the shim */
};

void hsm_box_make(struct hsm_box *box);
void hsm_box_remove(struct hsm_box *box);
void hsm_box_write_pin(const struct hsm_box *box, const char *pin, mode_t mode);
/* Throws token and keyring away and makes new ones. */
void hsm_box_renew(struct hsm_box *box);
/* What the test itself has written there becomes the signers'. */
void hsm_box_give_away(const struct hsm_box *box);
/* How often ${word} stands in the shim's log. */
unsigned hsm_box_count(const struct hsm_box *box, const char *word);

/* What goes wrong from now on in the shim: ${times} calls of ${function}, the first ${skip} but. */
struct hsm_fault {
    enum pkcs11_function function;
    enum pkcs11_fault_kind kind;
    unsigned long result; /* a CKR_ number */
    unsigned skip;
    unsigned times; /* 0: for ever */
};
void hsm_box_break(const struct hsm_box *box, const struct hsm_fault *fault);
void hsm_box_heal(const struct hsm_box *box);
/* How often it has struck since it was broken. */
unsigned hsm_box_struck(const struct hsm_box *box);
void hsm_box_await_strike(const struct hsm_box *box);
/* For a module that this process itself opens: gives the shim. */
const char *hsm_box_shim(const struct hsm_box *box);

/* One signer with a core and a provd, both played by the test. */
struct hsm_signer {
    pid_t process;
    int control;
    int core;
    int provd;
    uint64_t next_id;
    const struct pulse *pulse; /* as authd sees it */
};

struct hsm_signer_plan {
    uint16_t index;
    const char *role;     /* of whoever is at ${core}'s socket; NULL: "core" */
    const char *fault;    /* of the shim; NULL: the module without shim; "": with it, no fault */
    const char *settings; /* more lines of settings, or NULL */
    const struct hsm_signer *heir_of; /* takes over the sockets of this dead signer */
};
/* Starts it; does not wait for anything. */
void hsm_signer_start(const struct hsm_box *box, const struct hsm_signer_plan *plan,
                      struct hsm_signer *signer);
/* Waits for READY, and for the HELLO at core and provd, which is returned. */
struct hsm_hello hsm_signer_greet(struct hsm_signer *signer);
/* Starts it, and waits until it serves with keys. */
void hsm_signer_serve(const struct hsm_box *box, const struct hsm_signer_plan *plan,
                      struct hsm_signer *signer);
/* Waits for the end, a minute at most; gives the exit code, or minus the signal that killed it. */
int hsm_signer_wait(struct hsm_signer *signer);
/* Asks it to end, or kills it when that does not work; closes the sockets. */
void hsm_signer_stop(struct hsm_signer *signer);
/*
 * Waits until authd would kill it: no beat for longer than a second, and no longer silence that was
 * announced. Then does it.
 */
void hsm_signer_kill_when_silent(struct hsm_signer *signer);
void hsm_signer_set_state(struct hsm_signer *signer, enum box_state state);

/* Sends a question to ${fd}; the answer's type is checked, and its payload valid until the next
 * call. */
void hsm_signer_send(struct hsm_signer *signer, int fd, uint16_t type, struct bytes payload);
struct bytes hsm_signer_receive(struct hsm_signer *signer, int fd, uint16_t type);
struct bytes hsm_signer_ask(struct hsm_signer *signer, int fd, uint16_t type, struct bytes payload);
/* The same where keys change meanwhile: HELLOs that come before the answer are passed over. */
struct bytes hsm_signer_ask_past_hello(struct hsm_signer *signer, int fd, uint16_t type,
                                       struct bytes payload);
/* An order about a key, asked so by provd. */
struct hsm_key_ordered hsm_signer_order(struct hsm_signer *signer,
                                        const struct hsm_key_order *order);
/* What was written whole. */
struct bytes hsm_signer_payload(const struct buffer *written);
/* The question for all keys that are not destroyed, as many as an answer holds. */
struct bytes hsm_signer_all_keys(void);
/* Makes all keys through a signer 0 of ${plan}, which ends by that. */
void hsm_signer_make_keys(const struct hsm_box *box, const struct hsm_signer_plan *plan);
/* The same, without settings: ${signer} is its successor, greeted. */
void hsm_signer_provision(const struct hsm_box *box, struct hsm_signer *signer);
