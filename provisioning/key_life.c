#include <stdio.h>
#include <string.h>

#include "hsm/wire_keys.h"
#include "provisioning/key_life.h"
#include "provisioning/keys.h"
#include "provisioning/officer_wire_keys.h"
#include "provisioning/usage.h"

#define SUBJECT_SIZE 96

_Static_assert(OFFICER_KEYS_MAX == HSM_KEYS_MAX && OFFICER_PURPOSES_MAX >= HSM_PURPOSE_COUNT,
               "what a signer tells fits");

static void copy_key(const struct hsm_key_shown *from, struct officer_key *to) {
    *to = (struct officer_key){
        .generation = from->generation,
        .state = from->state,
        .held = from->held,
        .granted = from->granted,
        .in_use = from->in_use,
        .wrapped_by = from->wrapped_by,
        .has_certificate = from->has_certificate,
    };
    (void)snprintf(to->purpose, sizeof to->purpose, "%s", hsm_purpose_text(from->purpose));
    (void)snprintf(to->kid, sizeof to->kid, "%s", from->kid);
    memcpy(to->thumbprint, from->thumbprint, sizeof to->thumbprint);
    for (int state = 0; state < KEYSTATE_COUNT; state++) {
        to->came[state].is_set = from->came[state].is_set;
        to->came[state].wall_ms = from->came[state].wall_ms;
    }
}

static void copy_keys(const struct hsm_keys *from, struct officer_keys *to) {
    to->count = from->count;
    for (size_t i = 0; i < from->count; i++)
        copy_key(&from->keys[i], &to->keys[i]);
    to->more = from->more;
    to->rest = (struct officer_keys_place){(uint8_t)from->rest.purpose, from->rest.generation};
    to->next_count = HSM_PURPOSE_COUNT;
    for (size_t i = 0; i < HSM_PURPOSE_COUNT; i++) {
        const struct hsm_key_next *next = &from->next[i];
        to->next[i] = (struct officer_key_next){
            .rolls = next->rolls,
            .wanted = next->wanted,
            .unready = next->unready,
            .full = next->full,
            .orphan = next->orphan,
            .wraps = next->wraps,
            .action = next->action,
            .awaited = next->awaited,
            .generation = next->generation,
            .wait_ms = next->wait_ms,
            .destroyed = next->destroyed,
        };
        (void)snprintf(to->next[i].purpose, sizeof to->next[i].purpose, "%s",
                       hsm_purpose_text((enum hsm_purpose)i));
    }
}

enum err key_life_ask(struct change *change, enum key_life_patience patience,
                      const struct hsm_keys_question *question, struct hsm_keys *page) {
    uint8_t memory[8];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes written;
    SECRET(answer);
    hsm_wire_put_keys_question(&buffer, question);
    ERR_TRY(buffer_end(&buffer, &written));
    enum err err = patience == KEY_LIFE_OF_OFFICERS
                       ? provd_peers_ask_key_maker(change->provd->peers, HSM_KEYS, written, &answer)
                       : provd_peers_ask_keyring(change->provd->peers, HSM_KEYS, written, &answer);
    if (err != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    err = hsm_wire_get_keys(secret_view(&answer), page);
    if (err == ERR_OK)
        err = page->receipt.status;
    return err == ERR_OK ? ERR_OK : change_refuse(change, err, OFFICER_REASON_TOKEN, err_text(err));
}

enum err key_life_list(struct change *change) {
    static struct hsm_keys told;
    static struct officer_keys keys; /* the change's, one at a time */
    struct officer_keys_question question;
    ERR_TRY(officer_wire_get_keys_question(change->payload, &question));
    if (question.from.purpose >= HSM_PURPOSE_COUNT)
        return ERR_MALFORMED;
    keys = (struct officer_keys){0};
    change->keys = &keys;
    const struct hsm_keys_question asked = {
        .from = {(enum hsm_purpose)question.from.purpose, question.from.generation},
        .destroyed = question.destroyed};
    ERR_TRY(keys_require_keyring(change));
    ERR_TRY(key_life_ask(change, KEY_LIFE_OF_OFFICERS, &asked, &told));
    copy_keys(&told, &keys);
    return ERR_OK;
}

static bool is_of_custody(const struct hsm_key_order *order) {
    return order->order == HSM_ORDER_WRAP || order->order == HSM_ORDER_KEEP_IN_TOKEN;
}

/* "roll IDA/SIGN", "retire IDA/PARTNER/2 force: cdg agreed", for the journal. */
static void write_subject(const struct hsm_key_order *order, const char *force,
                          char subject[static SUBJECT_SIZE]) {
    static const char *const words[HSM_ORDER_COUNT] = {
        [HSM_ORDER_ROLL] = "roll",
        [HSM_ORDER_KEEP] = "keep",
        [HSM_ORDER_RETIRE] = "retire",
        [HSM_ORDER_DESTROY] = "destroy",
        [HSM_ORDER_REVOKE] = "revoke",
        [HSM_ORDER_REVOKE_AT_ONCE] = "revoke-at-once",
        [HSM_ORDER_CONFIRM_CLOCK] = "clock",
        [HSM_ORDER_RETIRE_IN_USE] = "retire",
        [HSM_ORDER_WRAP] = "custody-wrapped",
        [HSM_ORDER_KEEP_IN_TOKEN] = "custody-token",
    };
    const char *purpose = hsm_purpose_text(order->purpose);
    if (order->order == HSM_ORDER_CONFIRM_CLOCK)
        (void)snprintf(subject, SUBJECT_SIZE, "%s", words[order->order]);
    else if (order->generation == 0)
        (void)snprintf(subject, SUBJECT_SIZE, "%s %s", words[order->order], purpose);
    else
        (void)snprintf(subject, SUBJECT_SIZE, "%s %s/%u%s%s", words[order->order], purpose,
                       order->generation, force[0] != '\0' ? " force: " : "", force);
}

static enum err refuse_custody(struct change *change, const struct hsm_key_order *order,
                               enum err status) {
    if (status == ERR_DENIED)
        return change_refuse(change, status, OFFICER_REASON_CUSTODY_PURPOSE,
                             hsm_purpose_text(order->purpose));
    if (status == ERR_LIMIT)
        return change_refuse(change, status,
                             order->order == HSM_ORDER_WRAP ? OFFICER_REASON_CUSTODY_MEMORY
                                                            : OFFICER_REASON_CUSTODY_TOKEN,
                             NULL);
    return change_refuse(change, status, OFFICER_REASON_TOKEN, err_text(status));
}

static enum err refuse(struct change *change, const struct hsm_key_ordered *answer) {
    static const struct {
        enum err status;
        enum officer_reason reason;
    } refusals[] = {
        {ERR_NOT_FOUND, OFFICER_REASON_KEY_STATE},
        {ERR_DENIED, OFFICER_REASON_KEY_STATE},
        {ERR_LIMIT, OFFICER_REASON_KEY_SUCCESSOR},
    };
    enum err status = answer->receipt.status;
    if (answer->needed)
        return change_refuse(change, status, OFFICER_REASON_KEY_NEEDED, NULL);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].status != status)
            continue;
        const char *state = answer->state < KEYSTATE_COUNT ? keystate_text(answer->state) : "none";
        return change_refuse(change, status, refusals[i].reason, state);
    }
    return change_refuse(change, status, OFFICER_REASON_TOKEN, err_text(status));
}

static enum err give(struct change *change, const struct hsm_key_order *order) {
    uint8_t memory[16];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes written;
    struct hsm_key_ordered answer;
    SECRET(answered);
    hsm_wire_put_key_order(&buffer, order);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_key_maker(change->provd->peers, HSM_KEY_ORDER, written, &answered) !=
        ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    if (hsm_wire_get_key_ordered(secret_view(&answered), &answer) != ERR_OK)
        return change_refuse(change, ERR_MALFORMED, OFFICER_REASON_SIGNER, NULL);
    if (answer.receipt.status == ERR_OK)
        return ERR_OK;
    return is_of_custody(order) ? refuse_custody(change, order, answer.receipt.status)
                                : refuse(change, &answer);
}

enum err key_life_purpose(const char *name, enum hsm_purpose *purpose) {
    for (int i = 0; i < HSM_PURPOSE_COUNT; i++) {
        *purpose = (enum hsm_purpose)i;
        if (strcmp(hsm_purpose_text(*purpose), name) == 0)
            return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static enum err translate(struct change *change, const struct officer_key_order *question,
                          struct hsm_key_order *order) {
    static const enum hsm_order orders[OFFICER_ORDER_COUNT] = {
        [OFFICER_ORDER_ROLL] = HSM_ORDER_ROLL,
        [OFFICER_ORDER_KEEP] = HSM_ORDER_KEEP,
        [OFFICER_ORDER_RETIRE] = HSM_ORDER_RETIRE,
        [OFFICER_ORDER_DESTROY] = HSM_ORDER_DESTROY,
        [OFFICER_ORDER_REVOKE] = HSM_ORDER_REVOKE,
        [OFFICER_ORDER_REVOKE_AT_ONCE] = HSM_ORDER_REVOKE_AT_ONCE,
        [OFFICER_ORDER_CONFIRM_CLOCK] = HSM_ORDER_CONFIRM_CLOCK,
        [OFFICER_ORDER_WRAP] = HSM_ORDER_WRAP,
        [OFFICER_ORDER_KEEP_IN_TOKEN] = HSM_ORDER_KEEP_IN_TOKEN,
    };
    *order = (struct hsm_key_order){
        .order = orders[question->order],
        .generation = question->generation,
        .dry_run = question->dry_run,
    };
    bool is_of_key = hsm_wire_order_is_of_key(order->order);
    bool is_forced = question->force[0] != '\0';
    if (is_of_key != (order->generation != 0) || (is_forced && order->order != HSM_ORDER_RETIRE))
        return ERR_MALFORMED;
    if (is_forced)
        order->order = HSM_ORDER_RETIRE_IN_USE;
    if (order->order == HSM_ORDER_CONFIRM_CLOCK)
        return ERR_OK;
    if (key_life_purpose(question->purpose, &order->purpose) == ERR_OK)
        return ERR_OK;
    return change_refuse(change, ERR_NOT_FOUND, OFFICER_REASON_PURPOSE, question->purpose);
}

/* A choice that the box cannot keep is refused before it is in the journal, and a key that can't
 * retire in its state whoever uses it. */
static enum err judge(struct change *change, const struct hsm_key_order *order) {
    struct hsm_key_order tried = *order;
    tried.dry_run = true;
    bool is_tried = (is_of_custody(order) && !order->dry_run) || order->order == HSM_ORDER_RETIRE;
    return is_tried ? give(change, &tried) : ERR_OK;
}

enum err key_life_order(struct change *change) {
    struct officer_key_order question;
    struct hsm_key_order order;
    char subject[SUBJECT_SIZE];
    ERR_TRY(officer_wire_get_key_order(change->payload, &question));
    ERR_TRY(translate(change, &question, &order));
    ERR_TRY(keys_require_keyring(change));
    ERR_TRY(judge(change, &order));
    if (order.order == HSM_ORDER_RETIRE)
        ERR_TRY(usage_gate(change, order.purpose, order.generation));
    write_subject(&order, question.force, subject);
    if (!order.dry_run)
        ERR_TRY(change_record(change, subject));
    return give(change, &order);
}
