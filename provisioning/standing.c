#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "provisioning/change.h"
#include "provisioning/standing.h"

#define ASK_AGAIN_MS 60000
#define FIRST        1
#define RETRY_MS     10000 /* when nobody has answered */

static bool is_time(const struct standing *standing, uint64_t keyring_sequence) {
    int64_t wait_ms = standing->is_known ? ASK_AGAIN_MS : RETRY_MS;
    return !standing->was_asked || keyring_sequence != standing->keyring_sequence ||
           clock_boot_ms() - standing->asked_ms >= wait_ms;
}

static enum err ask(struct provd *provd, struct hsm_standing *answer) {
    SECRET(written);
    ERR_TRY(provd_peers_ask_keyring(provd->peers, HSM_STANDING, bytes_of(NULL, 0), &written));
    ERR_TRY(hsm_wire_get_standing(secret_view(&written), answer));
    return answer->receipt.status;
}

static bool is_other(const struct hsm_generations *one, const struct hsm_generations *other) {
    return one->active != other->active || one->oldest != other->oldest;
}

static void keep(struct provd *provd, const struct hsm_standing *answer) {
    struct standing *standing = &provd->standing;
    if (!standing->is_known || is_other(&standing->kek, &answer->kek) ||
        is_other(&standing->pepper, &answer->pepper)) {
        log_event(LOG_INFO, "keys-stand", "kek=%u kek-oldest=%u pepper=%u pepper-oldest=%u",
                  answer->kek.active, answer->kek.oldest, answer->pepper.active,
                  answer->pepper.oldest);
        provd->wrapping_due_ms = provd->pepper_due_ms = 0;
    }
    standing->kek = answer->kek;
    standing->pepper = answer->pepper;
    standing->is_known = true;
}

void standing_look(struct provd *provd) {
    struct standing *standing = &provd->standing;
    struct provd_peers_standing peers = provd_peers_standing(provd->peers);
    struct hsm_standing answer;
    if (!peers.provisioned || !is_time(standing, peers.keyring_sequence))
        return;
    standing->was_asked = true;
    if (peers.keyring_sequence < standing->keyring_sequence) /* an older one was put back */
        standing->told = (struct hsm_need){0};
    standing->keyring_sequence = peers.keyring_sequence;
    enum err err = ask(provd, &answer);
    if (err == ERR_OK)
        keep(provd, &answer);
    else
        log_event(LOG_WARNING, "standing-unknown", "error=%s", err_text(err));
    standing->asked_ms = clock_boot_ms();
}

static enum err tell(struct provd *provd, const struct hsm_need *need) {
    uint8_t memory[16];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes question;
    struct hsm_needed answer;
    SECRET(written);
    hsm_wire_put_need(&buffer, need);
    ERR_TRY(buffer_end(&buffer, &question));
    ERR_TRY(provd_peers_ask_keyring(provd->peers, HSM_NEED, question, &written));
    ERR_TRY(hsm_wire_get_needed(secret_view(&written), &answer));
    return answer.receipt.status;
}

enum err standing_tell(struct provd *provd, enum hsm_purpose purpose, uint16_t generation) {
    struct hsm_need need = {0};
    bool is_kek = purpose == HSM_PURPOSE_KEK;
    uint16_t *told = is_kek ? &provd->standing.told.kek_from : &provd->standing.told.pepper_from;
    if (generation <= FIRST || *told == generation) /* there is none before the first */
        return ERR_OK;
    if (is_kek)
        need.kek_from = generation;
    else
        need.pepper_from = generation;
    ERR_TRY(tell(provd, &need));
    *told = generation;
    log_event(LOG_INFO, "need-told", "purpose=%s from=%u", hsm_purpose_text(purpose), generation);
    return ERR_OK;
}
