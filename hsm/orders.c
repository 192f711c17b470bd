#include "firmware/base/clock.h"
#include "hsm/ability.h"
#include "hsm/custody.h"
#include "hsm/keyring_custody.h"
#include "hsm/locked_memory.h"
#include "hsm/orders.h"

#define STATE(name) (1u << KEYSTATE_##name)

#define IN_SIGHT   (STATE(PUBLISHED) | STATE(ACTIVE) | STATE(RETIRING))
#define BEFORE_END (STATE(GENERATED) | IN_SIGHT | STATE(RETIRED))

/* In which states a key may be ordered what. */
static const unsigned states_for[HSM_ORDER_COUNT] = {
    [HSM_ORDER_KEEP] = IN_SIGHT,          [HSM_ORDER_RETIRE] = IN_SIGHT,
    [HSM_ORDER_RETIRE_IN_USE] = IN_SIGHT, [HSM_ORDER_DESTROY] = STATE(RETIRED) | STATE(REVOKED),
    [HSM_ORDER_REVOKE] = BEFORE_END,      [HSM_ORDER_REVOKE_AT_ONCE] = BEFORE_END,
};

static enum err step(struct answers *answers, enum hsm_purpose purpose, enum keystate_action action,
                     uint16_t generation) {
    const struct keystate_step wanted = {.action = action, .generation = generation};
    return keyring_life_step(answers->keyring, purpose,
                             rollover_policy_of(answers->rollover, purpose),
                             rollover_now(answers->rollover), &wanted);
}

/* The standby that could take over now, if it were ordered. ERR_LIMIT: none can yet. */
static enum err find_successor(struct answers *answers, enum hsm_purpose purpose,
                               uint16_t *generation) {
    static struct keyring_life life;
    struct keystate_step next;
    ERR_TRY(keyring_life_read(answers->keyring, purpose,
                              rollover_policy_of(answers->rollover, purpose), &life));
    life.facts.roll = true;
    ERR_TRY(keystate_next(&life.facts, rollover_now(answers->rollover), &next));
    *generation = next.generation;
    return next.action == KEYSTATE_ACTIVATE ? ERR_OK : ERR_LIMIT;
}

/*
 * The successor of an active key takes over before that one is revoked, in this same moment, if
 * everybody can know it; else it is asked for. ERR_LIMIT: it cannot take over yet.
 */
static enum err hand_over(struct answers *answers, enum hsm_purpose purpose, bool dry_run) {
    uint16_t generation;
    if (!dry_run)
        ERR_TRY(keyring_life_roll(answers->keyring, purpose));
    ERR_TRY(find_successor(answers, purpose, &generation));
    return dry_run ? ERR_OK : step(answers, purpose, KEYSTATE_ACTIVATE, generation);
}

/* Before anything is done: the step itself refuses too late, when the successor has taken over. */
static enum err refuse_needed(struct answers *answers, const struct hsm_key_order *order,
                              struct hsm_key_ordered *answer) {
    static struct keyring_life life;
    ERR_TRY(keyring_life_read(answers->keyring, order->purpose,
                              rollover_policy_of(answers->rollover, order->purpose), &life));
    answer->needed = keyring_life_needs(&life, order->generation);
    return answer->needed ? ERR_DENIED : ERR_OK;
}

static enum err revoke(struct answers *answers, const struct hsm_key_order *order,
                       struct hsm_key_ordered *answer) {
    ERR_TRY(refuse_needed(answers, order, answer));
    if (answer->state == KEYSTATE_ACTIVE && order->order == HSM_ORDER_REVOKE)
        ERR_TRY(hand_over(answers, order->purpose, order->dry_run));
    return order->dry_run ? ERR_OK
                          : step(answers, order->purpose, KEYSTATE_REVOKE, order->generation);
}

static enum err mark(struct answers *answers, const struct hsm_key_order *order,
                     enum keyring_mark mark) {
    return order->dry_run
               ? ERR_OK
               : keyring_life_mark(answers->keyring, order->purpose, order->generation, mark);
}

/* What could not be done when the next key is made is refused now: ERR_LIMIT. */
static enum err foresee(struct answers *answers, enum hsm_purpose purpose,
                        enum keyring_custody custody) {
    const char *missing;
    enum err err =
        custody == KEYRING_CUSTODY_WRAPPED
            ? locked_memory_check()
            : token_raw_probe(token_session(answers->token), ability_kind(purpose), &missing);
    return err == ERR_SYSTEM || err == ERR_NOT_FOUND ? ERR_LIMIT : err;
}

static enum err choose(struct answers *answers, const struct hsm_key_order *order,
                       enum keyring_custody custody) {
    if (!custody_may_wrap(order->purpose))
        return ERR_DENIED;
    ERR_TRY(foresee(answers, order->purpose, custody));
    if (order->dry_run)
        return ERR_OK;
    ERR_TRY(keyring_custody_set(answers->keyring, order->purpose, custody));
    /* Of a purpose that was left out so far, the first key may be asked for from this moment on. */
    answers->keys->able |= HSM_PURPOSE_BIT(order->purpose);
    answers->generate.plan.purposes = answers->keys->able;
    return ability_complete(answers->keyring, answers->keys->able, &answers->keys->complete);
}

static enum err take(struct answers *answers, const struct hsm_key_order *order,
                     struct hsm_key_ordered *answer) {
    switch (order->order) {
    case HSM_ORDER_ROLL:
        return order->dry_run ? ERR_OK : keyring_life_roll(answers->keyring, order->purpose);
    case HSM_ORDER_CONFIRM_CLOCK:
        return order->dry_run ? ERR_OK
                              : keyring_life_confirm_clock(answers->keyring, clock_wall_ms());
    case HSM_ORDER_KEEP:
        return mark(answers, order, KEYRING_HELD);
    case HSM_ORDER_RETIRE:
        return mark(answers, order, KEYRING_RELEASED);
    case HSM_ORDER_RETIRE_IN_USE:
        return mark(answers, order, KEYRING_RELEASED_IN_USE);
    case HSM_ORDER_DESTROY:
        return mark(answers, order, KEYRING_GRANTED);
    case HSM_ORDER_WRAP:
        return choose(answers, order, KEYRING_CUSTODY_WRAPPED);
    case HSM_ORDER_KEEP_IN_TOKEN:
        return choose(answers, order, KEYRING_CUSTODY_TOKEN);
    default:
        return revoke(answers, order, answer);
    }
}

enum err orders_take(struct answers *answers, const struct hsm_key_order *order,
                     struct hsm_key_ordered *answer) {
    struct keyring_row row;
    *answer = (struct hsm_key_ordered){.state = KEYSTATE_COUNT};
    bool is_of_purpose = order->order != HSM_ORDER_CONFIRM_CLOCK;
    if (is_of_purpose && !rollover_policy_rolls(order->purpose))
        return ERR_DENIED;
    if (hsm_wire_order_is_of_key(order->order)) {
        ERR_TRY(keyring_find(answers->keyring, order->purpose, order->generation, &row));
        answer->state = keyring_row_state(&row);
        if (answer->state == KEYSTATE_COUNT)
            return ERR_NOT_FOUND;
        if ((states_for[order->order] & (1u << answer->state)) == 0)
            return ERR_DENIED;
    }
    enum err err = take(answers, order, answer);
    rollover_wake(answers->rollover);
    return err;
}
