#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/ability.h"
#include "hsm/answers_tls_install.h"
#include "hsm/renewal.h"
#include "hsm/reply.h"

#define WATCH_MS      1000
#define TURN_MS       50     /* until the next look, while another signer makes a key */
#define GENERATION_MS 120000 /* an RSA key, on a slow token or a busy machine */
#define RENEWAL_MS    30000  /* to load them all, likewise */
#define FAILURES_MAX  3      /* SoftHSM fails now and then to list keys while others are made */

/* Peers that were not told learn it from the next HELLO; nobody waits for this one. */
static void greet_all(struct answers *answers) {
    for (size_t i = 0; i < answers->peer_count; i++) {
        enum err err = answers_hello(answers, answers->peers[i]);
        if (err != ERR_OK)
            log_event(LOG_WARNING, "hello-not-sent", "reason=%s", err_text(err));
    }
}

static void end_and_start_again(struct answers *answers) {
    answers->recycle = true;
    serve_stop(answers->serve);
}

/* What a turn has come to. */
struct turn {
    int wait_ms;
    bool wants_quiet; /* it goes on when edges have heard that this process is silent */
};

static bool has_quiet(struct answers *answers, uint32_t ms, struct turn *turn) {
    bool reached = quiet_reached(&answers->quiet, ms, clock_boot_ms());
    turn->wants_quiet |= !reached;
    return reached;
}

/*
 * A module may not see what another process has made, however often it is asked (SoftHSM, when it
 * looked while the object was being written): a process that starts does. The others serve
 * meanwhile.
 */
static void renew(struct answers *answers, uint64_t sequence, struct turn *turn) {
    struct token_turn *turns = token_turns(answers->token);
    if (token_turn_begin(turns, TOKEN_TURN_LIST, 0) != ERR_OK) {
        answers->watched_ms -= WATCH_MS - TURN_MS;
        return;
    }
    if (!has_quiet(answers, RENEWAL_MS, turn)) {
        token_turn_end(turns);
        return;
    }
    enum err err = keyset_renew(&answers->keys, answers->keyring, answers->token);
    token_turn_end(turns);
    log_event(err == ERR_OK ? LOG_INFO : LOG_WARNING,
              err == ERR_OK ? "keys-renewed" : "keys-not-renewed", "sequence=%llu result=%s",
              (unsigned long long)sequence, err_text(err));
    if (err != ERR_OK) {
        end_and_start_again(answers);
        return;
    }
    answers->generate.plan.purposes = answers->keys->able;
    greet_all(answers);
}

/*
 * Not before the last first key is there, so that one generation starts each signer anew only once.
 */
static enum err watch(struct answers *answers, struct turn *turn) {
    struct keyring_status status;
    bool complete = false;
    ERR_TRY(keyring_status(answers->keyring, &status));
    ERR_TRY(ability_complete(answers->keyring, answers->keys->able, &complete));
    if (status.sequence == answers->keys->sequence || !complete)
        return ERR_OK;
    if (answers->keys->complete) {
        renew(answers, status.sequence, turn);
        return ERR_OK;
    }
    log_event(LOG_INFO, "keys-changed", "sequence=%llu", (unsigned long long)status.sequence);
    end_and_start_again(answers);
    return ERR_OK;
}

/*
 * At most one step of one key's life. The first ones may make a key at once, which a process of
 * before has begun. When it was a key's destruction, a new process goes on:
 * libp11 still lists what is gone, and tpm2-pkcs11 may then mean two objects by one handle.
 */
static enum err roll(struct answers *answers, struct turn *turn) {
    struct rollover_news news;
    if (answers->rollover == NULL || !answers->keys->complete || answers->state == BOX_FAILED)
        return ERR_OK;
    bool will_make = !answers->rests || rollover_will_make(answers->rollover);
    if (will_make && !has_quiet(answers, GENERATION_MS, turn))
        return ERR_OK;
    if (will_make)
        serve_announce_silence(answers->serve, GENERATION_MS);
    ERR_TRY(rollover_turn(answers->rollover, rollover_now(answers->rollover), &news));
    answers->rests |= news.action == KEYSTATE_WAIT;
    turn->wait_ms = news.wait_ms < WATCH_MS ? (int)news.wait_ms : WATCH_MS;
    if (news.action == KEYSTATE_DESTROY)
        end_and_start_again(answers);
    return ERR_OK;
}

static enum err look(struct answers *answers, struct turn *turn) {
    int64_t now_ms = clock_boot_ms();
    ERR_TRY(roll(answers, turn));
    if (now_ms - answers->watched_ms < WATCH_MS)
        return ERR_OK;
    if (answers->rollover != NULL)
        answers_tls_install_warn(answers);
    answers->watched_ms = now_ms;
    ERR_TRY(watch(answers, turn));
    if (turn->wants_quiet)
        answers->watched_ms = now_ms - WATCH_MS;
    return ERR_OK;
}

int renewal_turn(struct answers *answers) {
    struct turn turn = {.wait_ms = WATCH_MS};
    enum err err = look(answers, &turn);
    if (err != ERR_OK) {
        reply_fail(answers, err);
        return -1;
    }
    if (turn.wants_quiet)
        return QUIET_LOOK_MS;
    quiet_end(&answers->quiet);
    return turn.wait_ms;
}
