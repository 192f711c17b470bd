#include "hsm/keystate.h"

static const struct {
    const char *text;
    unsigned uses;
    unsigned from; /* the states it is reached from, as bits; 0: it is the first */
} states[KEYSTATE_COUNT] = {
#define FROM(state) (1u << KEYSTATE_##state)
    [KEYSTATE_GENERATED] = {"generated", 0, 0},
    [KEYSTATE_PUBLISHED] = {"published", KEYSTATE_SHOWN | KEYSTATE_OPENS, FROM(GENERATED)},
    [KEYSTATE_ACTIVE] = {"active", KEYSTATE_SHOWN | KEYSTATE_SIGNS | KEYSTATE_OPENS,
                         FROM(PUBLISHED)},
    [KEYSTATE_RETIRING] = {"retiring", KEYSTATE_SHOWN | KEYSTATE_OPENS, FROM(ACTIVE)},
    [KEYSTATE_RETIRED] = {"retired", 0, FROM(RETIRING)},
    [KEYSTATE_DESTROYED] = {"destroyed", 0, FROM(RETIRED) | FROM(REVOKED)},
    [KEYSTATE_REVOKED] = {"revoked", 0,
                          FROM(GENERATED) | FROM(PUBLISHED) | FROM(ACTIVE) | FROM(RETIRING) |
                              FROM(RETIRED)},
#undef FROM
};

const char *keystate_text(enum keystate state) {
    return (unsigned)state < KEYSTATE_COUNT ? states[state].text : "unknown";
}

const char *keystate_action_text(enum keystate_action action) {
    static const char *const texts[] = {
        [KEYSTATE_WAIT] = "wait",         [KEYSTATE_ASK_CLOCK] = "confirm-clock",
        [KEYSTATE_GENERATE] = "generate", [KEYSTATE_PUBLISH] = "publish",
        [KEYSTATE_ACTIVATE] = "activate", [KEYSTATE_RETIRE] = "retire",
        [KEYSTATE_DESTROY] = "destroy",   [KEYSTATE_REVOKE] = "revoke",
    };
    return (unsigned)action < sizeof texts / sizeof *texts ? texts[action] : "unknown";
}

unsigned keystate_uses(enum keystate state) {
    return (unsigned)state < KEYSTATE_COUNT ? states[state].uses : 0;
}

/* The order in which a key can come into states. */
static const enum keystate path[] = {KEYSTATE_GENERATED, KEYSTATE_PUBLISHED, KEYSTATE_ACTIVE,
                                     KEYSTATE_RETIRING,  KEYSTATE_RETIRED,   KEYSTATE_REVOKED,
                                     KEYSTATE_DESTROYED};

static bool is_duration(int64_t ms) {
    return ms >= 0 && ms <= KEYSTATE_MS_MAX;
}

static bool is_after(const struct keystate_moment *moment, const struct keystate_moment *before) {
    return is_duration(moment->wall_ms) && is_duration(moment->run_ms) &&
           moment->wall_ms >= before->wall_ms && moment->run_ms >= before->run_ms;
}

enum err keystate_of(const struct keystate_key *key, enum keystate *state) {
    struct keystate_moment last = {0};
    *state = KEYSTATE_REVOKED;
    if (!key->came[KEYSTATE_GENERATED].is_set || key->generation == 0)
        return ERR_CORRUPT;
    enum keystate reached = KEYSTATE_GENERATED;
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
        const struct keystate_moment *moment = &key->came[path[i]];
        if (!moment->is_set)
            continue;
        bool is_step = i == 0 || (states[path[i]].from & (1u << reached)) != 0;
        if (!is_step || !is_after(moment, &last))
            return ERR_CORRUPT;
        reached = path[i];
        last = *moment;
    }
    *state = reached;
    return ERR_OK;
}

bool keystate_is_needed(const struct keystate_key *key, uint16_t from) {
    return key->came[KEYSTATE_ACTIVE].is_set && key->generation >= from;
}

/* The facts once they have been checked, with the two clocks as they are believed. */
struct view {
    const struct keystate_facts *facts;
    const struct keystate_key *active;
    bool was_active;  /* some key is, or was */
    bool has_standby; /* a key that is generated or published */
    int64_t wall_ms, run_ms;
    bool is_ahead; /* the wall clock is further on than it is believed */
};

static enum err count_key(struct view *view, const struct keystate_key *key) {
    enum keystate state;
    ERR_TRY(keystate_of(key, &state));
    bool is_standby = state == KEYSTATE_GENERATED || state == KEYSTATE_PUBLISHED;
    bool is_active = state == KEYSTATE_ACTIVE;
    if ((is_standby && view->has_standby) || (is_active && view->active != NULL))
        return ERR_CORRUPT;
    view->has_standby |= is_standby;
    view->active = is_active ? key : view->active;
    view->was_active |= key->came[KEYSTATE_ACTIVE].is_set;
    return ERR_OK;
}

static enum err check_numbers(const struct keystate_facts *facts, struct keystate_now now) {
    const struct keystate_policy *policy = &facts->policy;
    const int64_t numbers[] = {policy->active_ms,
                               policy->destroy_ms,
                               policy->jump_ms,
                               policy->propagation_ms,
                               policy->skew_ms,
                               facts->promises.cached_ms,
                               facts->promises.lived_ms,
                               facts->seen_wall_ms,
                               facts->confirmed_wall_ms,
                               now.wall_ms,
                               now.run_ms};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!is_duration(numbers[i]))
            return ERR_CORRUPT;
    return ERR_OK;
}

static bool is_jump(const struct keystate_facts *facts, int64_t wall_ms) {
    return facts->seen_wall_ms != 0 && wall_ms > facts->seen_wall_ms + facts->policy.jump_ms &&
           wall_ms > facts->confirmed_wall_ms;
}

/* The wall clock as it is believed: never before what was seen, and no jump. */
static int64_t believed_wall(const struct keystate_facts *facts, int64_t wall_ms) {
    bool is_refused = is_jump(facts, wall_ms) || wall_ms < facts->seen_wall_ms;
    return is_refused ? facts->seen_wall_ms : wall_ms;
}

struct keystate_moment keystate_moment_of(const struct keystate_facts *facts,
                                          struct keystate_now now) {
    return (struct keystate_moment){
        .is_set = true,
        .wall_ms = believed_wall(facts, now.wall_ms),
        .run_ms = now.run_ms,
    };
}

static enum err look(const struct keystate_facts *facts, struct keystate_now now,
                     struct view *view) {
    unsigned last = 0;
    ERR_TRY(check_numbers(facts, now));
    *view = (struct view){
        .facts = facts,
        .wall_ms = believed_wall(facts, now.wall_ms),
        .run_ms = now.run_ms,
        .is_ahead = is_jump(facts, now.wall_ms),
    };
    for (size_t i = 0; i < facts->key_count; i++) {
        if (facts->keys[i].generation <= last)
            return ERR_CORRUPT;
        last = facts->keys[i].generation;
        ERR_TRY(count_key(view, &facts->keys[i]));
    }
    return ERR_OK;
}

#define NEVER INT64_MAX

static int64_t until(int64_t due, int64_t now) {
    return due > now ? due - now : 0;
}

static int64_t longer(int64_t left, int64_t right) {
    return left > right ? left : right;
}

/* The turn of the standby comes with the age of the active key, or when officers ask. */
static int64_t wait_for_turn(const struct view *view) {
    const struct keystate_facts *facts = view->facts;
    if (view->active == NULL)
        return 0;
    if (facts->unready)
        return NEVER;
    if (facts->roll)
        return 0;
    if (facts->policy.active_ms == 0)
        return NEVER;
    return until(view->active->came[KEYSTATE_ACTIVE].wall_ms + facts->policy.active_ms,
                 view->wall_ms);
}

/*
 * Nobody may meet a kid that they don't know: every copy that could still be in a cache must show
 * it, and every process of the box. Only the first key of a box where nothing was ever shown has
 * neither to wait for.
 */
static int64_t wait_to_activate(const struct view *view, const struct keystate_key *key) {
    const struct keystate_facts *facts = view->facts;
    int64_t cached = facts->promises.cached_ms;
    int64_t known = key->came[KEYSTATE_PUBLISHED].run_ms + facts->policy.propagation_ms + cached;
    bool is_first = cached == 0 && !view->was_active;
    return longer(is_first ? 0 : until(known, view->run_ms), wait_for_turn(view));
}

/* What was signed by it, or encrypted to it by whoever has an old copy, must have come and gone. */
static int64_t wait_to_retire(const struct view *view, const struct keystate_key *key) {
    const struct keystate_facts *facts = view->facts;
    int64_t longest = facts->policy.propagation_ms + facts->promises.cached_ms +
                      facts->promises.lived_ms + facts->policy.skew_ms;
    return key->held || key->needed
               ? NEVER
               : until(key->came[KEYSTATE_RETIRING].run_ms + longest, view->run_ms);
}

static int64_t wait_to_publish(const struct view *view, const struct keystate_key *key) {
    (void)view, (void)key;
    return 0; /* it was tried before it was stored */
}

static int64_t wait_to_destroy(const struct view *view, const struct keystate_key *key) {
    const struct keystate_moment *over = &key->came[KEYSTATE_REVOKED];
    if (!key->granted || key->needed)
        return NEVER;
    over = over->is_set ? over : &key->came[KEYSTATE_RETIRED];
    return until(over->wall_ms + view->facts->policy.destroy_ms, view->wall_ms);
}

/* What may happen to a key, in the order of preference when several things are due. */
static const struct rule {
    enum keystate_action action;
    enum keystate from, to;
    int64_t (*wait)(const struct view *view, const struct keystate_key *key);
} rules[] = {
    {KEYSTATE_ACTIVATE, KEYSTATE_PUBLISHED, KEYSTATE_ACTIVE, wait_to_activate},
    {KEYSTATE_PUBLISH, KEYSTATE_GENERATED, KEYSTATE_PUBLISHED, wait_to_publish},
    {KEYSTATE_RETIRE, KEYSTATE_RETIRING, KEYSTATE_RETIRED, wait_to_retire},
    {KEYSTATE_DESTROY, KEYSTATE_RETIRED, KEYSTATE_DESTROYED, wait_to_destroy},
    {KEYSTATE_DESTROY, KEYSTATE_REVOKED, KEYSTATE_DESTROYED, wait_to_destroy},
};
#define RULE_COUNT (sizeof rules / sizeof *rules)

/* Takes what comes first into ${step}; of two at the same time, what was there. */
static void offer(struct keystate_step *step, enum keystate_action action, uint16_t generation,
                  int64_t wait_ms) {
    if (wait_ms >= step->wait_ms)
        return;
    *step = (struct keystate_step){.awaited = action, .generation = generation, .wait_ms = wait_ms};
}

static void offer_rule(struct keystate_step *step, const struct view *view,
                       const struct rule *rule) {
    for (size_t i = 0; i < view->facts->key_count; i++) {
        const struct keystate_key *key = &view->facts->keys[i];
        enum keystate state;
        if (keystate_of(key, &state) == ERR_OK && state == rule->from)
            offer(step, rule->action, key->generation, rule->wait(view, key));
    }
}

enum err keystate_next(const struct keystate_facts *facts, struct keystate_now now,
                       struct keystate_step *step) {
    struct view view;
    *step = (struct keystate_step){.action = KEYSTATE_WAIT, .wait_ms = NEVER};
    ERR_TRY(look(facts, now, &view));
    for (size_t i = 0; i < RULE_COUNT; i++)
        offer_rule(step, &view, &rules[i]);
    /* One standby always, so that a roll in need is an activation only. */
    if (!view.has_standby && !facts->bare && !facts->orphan)
        offer(step, KEYSTATE_GENERATE, 0, 0);
    if (step->wait_ms == 0)
        step->action = step->awaited;
    else if (view.is_ahead)
        step->action = KEYSTATE_ASK_CLOCK;
    return ERR_OK;
}

static const struct rule *find_rule(enum keystate_action action, enum keystate from) {
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (rules[i].action == action && rules[i].from == from)
            return &rules[i];
    return NULL;
}

static const struct keystate_key *find_key(const struct keystate_facts *facts,
                                           uint16_t generation) {
    for (size_t i = 0; i < facts->key_count; i++)
        if (facts->keys[i].generation == generation)
            return &facts->keys[i];
    return NULL;
}

enum err keystate_allows(const struct keystate_facts *facts, struct keystate_now now,
                         const struct keystate_step *step) {
    struct view view;
    enum keystate state;
    ERR_TRY(look(facts, now, &view));
    if (step->action == KEYSTATE_GENERATE)
        return view.has_standby || facts->orphan ? ERR_DENIED : ERR_OK;
    const struct keystate_key *key = find_key(facts, step->generation);
    if (key == NULL)
        return ERR_DENIED;
    ERR_TRY(keystate_of(key, &state));
    bool is_over = state == KEYSTATE_REVOKED || state == KEYSTATE_DESTROYED;
    if (step->action == KEYSTATE_REVOKE) /* of a key that rows need: it would lock them up */
        return is_over || key->needed ? ERR_DENIED : ERR_OK;
    const struct rule *rule = find_rule(step->action, state);
    return rule != NULL && rule->wait(&view, key) == 0 ? ERR_OK : ERR_DENIED;
}

enum err keystate_record(struct keystate_key *key, struct keystate_key *active,
                         const struct keystate_step *step, struct keystate_moment moment) {
    enum keystate state;
    ERR_TRY(keystate_of(key, &state));
    const struct rule *rule = find_rule(step->action, state);
    if (step->action == KEYSTATE_REVOKE) {
        key->came[KEYSTATE_REVOKED] = moment;
        return keystate_of(key, &state);
    }
    if (rule == NULL)
        return ERR_DENIED;
    key->came[rule->to] = moment;
    if (rule->to == KEYSTATE_ACTIVE && active != NULL)
        active->came[KEYSTATE_RETIRING] = moment;
    return keystate_of(key, &state);
}
