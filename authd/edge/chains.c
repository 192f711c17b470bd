#include <inttypes.h>
#include <stdlib.h>

#include "authd/edge/chains.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

struct chains {
    struct chains_options options;
    struct signers *signers;
    struct serve *serve;
    struct chain *told[SIGNERS_MAX]; /* by the signer's index; NULL: none */
    uint64_t logged;                 /* sequence */
    int64_t until_ms;                /* of the handshake that is under way */
};

struct chain *chains_current(const struct chains *chains) {
    struct chain *newest = NULL;
    for (size_t i = 0; i < chains->options.count; i++) {
        struct chain *chain = chains->told[i];
        if (chain != NULL && (newest == NULL || chain_sequence(chain) > chain_sequence(newest)))
            newest = chain;
    }
    return newest;
}

static enum err sign(void *context, const struct hsm_tls_sign *question, struct buffer *signature) {
    struct chains *chains = context;
    int64_t left_ms = chains->until_ms - clock_boot_ms();
    if (left_ms > 0)
        serve_announce_silence(chains->serve, left_ms);
    return signers_sign(chains->signers, question, chains->until_ms, signature);
}

bool chains_ready(const struct chains *chains) {
    return signers_ready(chains->signers);
}

bool chains_announced(const struct chains *chains) {
    return signers_announced(chains->signers);
}

void chains_allow(struct chains *chains, int64_t until_ms) {
    chains->until_ms = until_ms;
}

static void log_current(struct chains *chains) {
    const struct chain *current = chains_current(chains);
    uint64_t sequence = current != NULL ? chain_sequence(current) : 0;
    if (sequence == chains->logged)
        return;
    chains->logged = sequence;
    log_event(LOG_INFO, "tls-certificate", "lane=%u keyring=%" PRIu64 "%s", chains->options.lane,
              sequence, current != NULL ? "" : " none: handshakes fail");
}

static void tell(void *context, size_t signer, const struct hsm_tls_chain *told) {
    struct chains *chains = context;
    const struct chain_signer asking = {.sign = sign, .context = chains};
    struct chain *chain = NULL;
    enum err err = told != NULL ? chain_make(told, &asking, &chain) : ERR_OK;
    if (err != ERR_OK) { /* what was shown until now is better than nothing */
        log_event(LOG_ERROR, "tls-certificate-refused", "signer=%zu reason=%s", signer,
                  err_text(err));
        return;
    }
    chain_release(chains->told[signer]);
    chains->told[signer] = chain;
    log_current(chains);
}

enum err chains_open(struct chains **chains, const struct chains_options *options) {
    *chains = NULL;
    struct chains *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->options = *options;
    struct signers_options asked = {
        .count = options->count,
        .ask = options->in_token,
        .tell = tell,
        .context = made,
    };
    for (size_t i = 0; i < options->count && i < SIGNERS_MAX; i++)
        asked.fds[i] = options->fds[i];
    enum err err = signers_open(&made->signers, &asked);
    if (err != ERR_OK) {
        chains_close(made);
        return err;
    }
    *chains = made;
    return ERR_OK;
}

void chains_close(struct chains *chains) {
    if (chains == NULL)
        return;
    for (size_t i = 0; i < SIGNERS_MAX; i++)
        chain_release(chains->told[i]);
    signers_close(chains->signers);
    free(chains);
}

static void ready(void *context, int fd) {
    struct chains *chains = context;
    if (signers_read(chains->signers, fd) != ERR_OK)
        serve_remove_descriptor(chains->serve, fd);
}

enum err chains_join(struct chains *chains, struct serve *serve) {
    chains->serve = serve;
    for (size_t i = 0; i < chains->options.count; i++)
        ERR_TRY(serve_add_descriptor(serve, chains->options.fds[i], ready, chains));
    return ERR_OK;
}

void chains_note(struct chains *chains, size_t signer, bool serves) {
    signers_note(chains->signers, signer, serves);
}
