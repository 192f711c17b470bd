#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/boot.h"
#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "firmware/base/serve.h"
#include "authd/wire/plugin_wire.h"
#include "authd/wire/provd_wire.h"
#include "authd/wire/unseal_wire.h"

/*
 * Those provd asks: core, its unseal worker, the signers and a vendor's plug-in, if there is one.
 * One question is open at a time, since provd makes one change at a time. The caller is suspended
 * and the loop turns meanwhile: the pulse beats, officers' questions queue, a stop is heard. Never
 * call these from a handler of the loop.
 */
struct provd_peers;

MUST_CHECK enum err provd_peers_open(struct provd_peers **peers, const struct boot *boot,
                                     struct serve *serve);
void provd_peers_close(struct provd_peers *peers);

/* From authd: a process died, or serves. */
void provd_peers_down(struct provd_peers *peers, const char *role, uint16_t index);
void provd_peers_up(struct provd_peers *peers, const char *role, uint16_t index);
/* An open question ends with ERR_UNAVAILABLE, and so does every later one. */
void provd_peers_stop(struct provd_peers *peers);

struct provd_peers_standing {
    bool core_up, unseal_up;
    uint16_t signers, signers_up;
    bool provisioned;          /* a signer said that it has what a box cannot do without */
    bool has_keys;             /* there is a keyring, though it may lack an active key */
    uint64_t keyring_sequence; /* of the keys that signer 0 works with; 0: it has not said */
};
struct provd_peers_standing provd_peers_standing(const struct provd_peers *peers);

/* Asks core, once. ERR_UNAVAILABLE. */
MUST_CHECK enum err provd_peers_ask_core(struct provd_peers *peers, uint16_t verb,
                                         struct bytes question, struct secret *answer);
/* Tells core that the registry was committed. Best effort: core also reads the sequence itself. */
void provd_peers_changed(struct provd_peers *peers, uint64_t sequence);

/*
 * Asks unseal, or a signer, and again (a signer's question: another one) when whoever was asked
 * dies or is silent. The payload of the answer comes in secret memory made here. ERR_UNAVAILABLE
 * when nobody has answered in time.
 */
MUST_CHECK enum err provd_peers_ask_unseal(struct provd_peers *peers, uint16_t verb,
                                           struct bytes question, struct secret *answer);
MUST_CHECK enum err provd_peers_ask_signer(struct provd_peers *peers, uint16_t verb,
                                           struct bytes question, struct secret *answer);
/* Asks signer 0, which alone makes keys, with the time that takes. */
MUST_CHECK enum err provd_peers_ask_key_maker(struct provd_peers *peers, uint16_t verb,
                                              struct bytes question, struct secret *answer);
/* Asks signer 0, the writer of the keyring, once and if it is up. ERR_UNAVAILABLE. */
MUST_CHECK enum err provd_peers_ask_keyring(struct provd_peers *peers, uint16_t verb,
                                            struct bytes question, struct secret *answer);
/*
 * What the plug-in says of itself; waits for it. ERR_NOT_FOUND: this box has none;
 * ERR_UNAVAILABLE: it does not come up.
 */
MUST_CHECK enum err provd_peers_plugin(struct provd_peers *peers, struct plugin_hello *hello);
/* Asks it once: what ended it would end it again. ERR_UNAVAILABLE when it has not answered. */
MUST_CHECK enum err provd_peers_ask_plugin(struct provd_peers *peers, uint16_t verb,
                                           struct bytes question, struct secret *answer);
/* Lets the loop turn for ${wait_ms}. ERR_UNAVAILABLE: provd is to stop. */
MUST_CHECK enum err provd_peers_wait(struct provd_peers *peers, int wait_ms);
