#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hsm/keystate.h"
#include "tests/unit/key_issuer.h"
#include "tests/unit/key_stores.h"
#include "tests/unit/schedule_random.h"

/*
 * Whole lives of the keys of one purpose: a box with two processes that learn of changes late, a
 * wall clock that jumps, crashes that forget what was not stored, steps that are chosen and done
 * much later, officers who revoke, hold and hurry, and clients with caches. Everything is judged in
 * true time, which the box does not know:
 *
 *   no client with a copy that is still good meets a kid that is not in it;
 *   while something that a key signed is valid, every process shows the key;
 *   what was encrypted by a good copy can be opened by every process when it arrives;
 *   a revoked key is exempt, as that is what revoking means;
 *   what a row of a store depends on is there and opens, and can't be revoked;
 *   no key is made that nobody can certify, and whatever officers revoke at once, all comes back.
 *
 * Every other schedule has stores (tests/unit/key_stores.h), every third has keys that certify its
 * own (tests/unit/key_issuer.h).
 *
 * Each schedule follows from its number alone: a failure names it, and the program runs it again:
 *
 *   test_key_schedules COUNT [FIRST]
 */
#define KEYS_MAX   48
#define PROCESSES  2
#define CLIENTS    5
#define THINGS_MAX 64
#define EVENTS     400
#define SECOND     INT64_C(1000)
#define HOUR       (3600 * SECOND)
#define DAY        (24 * HOUR)

struct view {
    struct keystate_key keys[KEYS_MAX];
    size_t count;
};

struct thing { /* a token, or a sealed request on its way */
    uint16_t generation;
    int64_t ends_ms;
};

struct things {
    struct thing all[THINGS_MAX];
    size_t next;
};

static struct world {
    uint64_t number; /* of the schedule */
    int64_t true_ms, wall_offset_ms;
    /* the box: what is stored */
    struct view stored;
    struct keystate_facts facts;
    int64_t stored_run_ms;
    uint16_t last_generation;
    /* and what is not */
    bool up;
    int64_t started_ms, started_run_ms;
    struct view views[PROCESSES];
    int64_t changed_ms[PROCESSES]; /* since when the view is not the stored one; 0: it is */
    struct keystate_step pending;
    bool has_pending;
    int64_t max_age_ms, lifetime_ms; /* today's settings */
    int shy_events;                  /* so long nobody asks the box for its keys */
    /* the world outside */
    struct {
        int64_t ends_ms;
        struct view copy;
    } clients[CLIENTS];
    struct things tokens, sealed;
    bool has_stores;
    struct key_stores stores;
    bool has_issuer;
    struct key_issuer issuer;
} world;

/* What happened in all schedules, so that none of it is claimed without having been tried. */
static struct {
    unsigned long steps[KEYSTATE_REVOKE + 1], denied, tokens, sealed, fetches, crashes, rows, moved,
        told, needed, issuers, orphans;
} tally;

static _Noreturn void broken(const char *rule, uint16_t generation) {
    fail_msg("schedule %llu: %s (generation %u)", (unsigned long long)world.number, rule,
             generation);
    abort();
}

static enum keystate state_in(const struct view *view, uint16_t generation) {
    for (size_t i = 0; i < view->count; i++) {
        enum keystate state;
        if (view->keys[i].generation != generation)
            continue;
        if (keystate_of(&view->keys[i], &state) != ERR_OK)
            broken("dates that are no path", generation);
        return state;
    }
    return KEYSTATE_COUNT; /* not there: no use is allowed */
}

static uint16_t active_in(const struct view *view) {
    for (size_t i = 0; i < view->count; i++)
        if (state_in(view, view->keys[i].generation) == KEYSTATE_ACTIVE)
            return view->keys[i].generation;
    return 0;
}

static struct keystate_key *stored_key(uint16_t generation) {
    for (size_t i = 0; i < world.stored.count; i++)
        if (world.stored.keys[i].generation == generation)
            return &world.stored.keys[i];
    return NULL;
}

static bool is_revoked(uint16_t generation) {
    const struct keystate_key *key = stored_key(generation);
    return key != NULL && key->came[KEYSTATE_REVOKED].is_set;
}

static struct keystate_now now(void) {
    int64_t wall_ms = world.true_ms + world.wall_offset_ms;
    return (struct keystate_now){
        .wall_ms = wall_ms > 0 ? wall_ms : 0,
        .run_ms = world.started_run_ms + (world.true_ms - world.started_ms),
    };
}

/* Everything that must hold at every moment. */
static void check_views(const struct things *things, unsigned use, const char *rule) {
    for (size_t i = 0; i < THINGS_MAX; i++) {
        const struct thing *thing = &things->all[i];
        if (thing->generation == 0 || thing->ends_ms < world.true_ms ||
            is_revoked(thing->generation))
            continue;
        for (size_t p = 0; p < PROCESSES; p++) {
            bool serves = active_in(&world.views[p]) != 0;
            enum keystate state = state_in(&world.views[p], thing->generation);
            if (serves && (keystate_uses(state) & use) == 0)
                broken(rule, thing->generation);
        }
    }
}

/* A row is there for good: whoever serves can open it, and so can whoever starts next. */
static void check_rows(const struct key_rows *rows) {
    const char *rule = "a row depends on a key that does not open";
    for (size_t i = 0; i < KEY_STORES_ROWS; i++) {
        uint16_t generation = rows->of[i];
        if (generation == 0)
            continue;
        if ((keystate_uses(state_in(&world.stored, generation)) & KEYSTATE_OPENS) == 0)
            broken(rule, generation);
        for (size_t p = 0; p < PROCESSES; p++) {
            bool serves = world.up && active_in(&world.views[p]) != 0;
            enum keystate state = state_in(&world.views[p], generation);
            if (serves && (keystate_uses(state) & KEYSTATE_OPENS) == 0)
                broken(rule, generation);
        }
    }
}

static void check(void) {
    check_rows(&world.stores.registry);
    check_rows(&world.stores.keyring);
    if (!world.up)
        return;
    check_views(&world.tokens, KEYSTATE_SHOWN, "a key is not shown while a token of it is valid");
    check_views(&world.sealed, KEYSTATE_OPENS, "what was encrypted in good faith does not open");
}

static void add(struct things *things, uint16_t generation, int64_t lives_ms) {
    things->all[things->next++ % THINGS_MAX] =
        (struct thing){.generation = generation, .ends_ms = world.true_ms + lives_ms};
}

/* A process takes over what is stored. */
static void refresh(size_t process) {
    world.views[process] = world.stored;
    world.changed_ms[process] = 0;
}

/* The process that has to learn of a change first, when that is before ${end_ms}; else PROCESSES.
 */
static size_t first_to_refresh(int64_t end_ms, int64_t *when_ms) {
    size_t found = PROCESSES;
    for (size_t p = 0; p < PROCESSES && world.up; p++) {
        int64_t latest_ms = world.changed_ms[p] + world.facts.policy.propagation_ms;
        if (world.changed_ms[p] == 0 || latest_ms > end_ms)
            continue;
        if (found == PROCESSES || latest_ms < *when_ms) {
            found = p;
            *when_ms = latest_ms;
        }
    }
    return found;
}

/* Time goes on, but no process is behind for longer than the policy says. */
static void pass(int64_t ms) {
    int64_t end_ms = world.true_ms + ms, when_ms = 0;
    for (size_t p = first_to_refresh(end_ms, &when_ms); p < PROCESSES;
         p = first_to_refresh(end_ms, &when_ms)) {
        world.true_ms = when_ms;
        check();
        refresh(p);
        check();
    }
    world.true_ms = end_ms;
    check();
}

static void store_times(void) {
    struct keystate_moment moment = keystate_moment_of(&world.facts, now());
    world.facts.seen_wall_ms = moment.wall_ms;
    world.stored_run_ms = moment.run_ms;
}

static void start(void) {
    world.up = true;
    world.started_ms = world.true_ms;
    world.started_run_ms = world.stored_run_ms;
    for (size_t p = 0; p < PROCESSES; p++)
        refresh(p);
}

static void crash(void) {
    world.up = false;
    world.has_pending = false;
    tally.crashes++;
}

/* The facts as a transaction reads them. */
static const struct keystate_facts *facts(void) {
    if (world.has_stores)
        key_stores_mark(&world.stores, world.stored.keys, world.stored.count);
    world.facts.orphan = world.has_issuer && key_issuer_is_missing(&world.issuer);
    return &world.facts;
}

static void keep_stores(bool (*keep)(struct key_stores *stores, uint16_t active)) {
    uint16_t active = world.up ? active_in(&world.stored) : 0;
    if (world.has_stores && !keep(&world.stores, active))
        broken("the registry says what must be refused", world.stores.said);
    check();
}

/* What the keyring's transaction does; a crash right before it leaves nothing of it. */
static void commit_key(const struct keystate_step *step) {
    struct keystate_moment moment = keystate_moment_of(&world.facts, now());
    if (step->action == KEYSTATE_RETIRE && stored_key(step->generation)->held)
        broken("a key that is held is retired", step->generation);
    if (step->action == KEYSTATE_GENERATE && facts()->orphan)
        broken("a key is made that nobody can certify", world.last_generation);
    if (step->action == KEYSTATE_GENERATE) {
        struct keystate_key *key = &world.stored.keys[world.stored.count++];
        *key = (struct keystate_key){.generation = ++world.last_generation};
        key->came[KEYSTATE_GENERATED] = moment;
    } else {
        struct keystate_key *active = stored_key(active_in(&world.stored));
        assert_int_equal(keystate_record(stored_key(step->generation), active, step, moment),
                         ERR_OK);
    }
    world.facts.roll = world.facts.roll && step->action != KEYSTATE_ACTIVATE;
    world.facts.key_count = world.stored.count;
    store_times();
    tally.steps[step->action]++;
    for (size_t p = 0; p < PROCESSES; p++)
        if (world.changed_ms[p] == 0)
            world.changed_ms[p] = world.true_ms;
}

static void execute(const struct keystate_step *step) {
    enum err err = keystate_allows(facts(), now(), step);
    if (err == ERR_DENIED) {
        tally.denied++;
        return;
    }
    assert_int_equal(err, ERR_OK);
    if (step->action == KEYSTATE_GENERATE && world.stored.count == KEYS_MAX)
        return;
    if (schedule_random_chance(5)) { /* the intent's number is used up */
        world.last_generation += step->action == KEYSTATE_GENERATE;
        crash();
        return;
    }
    commit_key(step);
    if (schedule_random_chance(5))
        crash();
}

/* Chooses a step, and does it now, later, or twice. */
static void choose(void) {
    struct keystate_step step;
    assert_int_equal(keystate_next(facts(), now(), &step), ERR_OK);
    if (step.action == KEYSTATE_WAIT || step.action == KEYSTATE_ASK_CLOCK) {
        tally.steps[step.action]++;
        if (schedule_random_chance(50))
            store_times();
        return;
    }
    if (schedule_random_chance(30)) {
        world.pending = step;
        world.has_pending = true;
        return;
    }
    execute(&step);
}

static void execute_pending(void) {
    if (world.has_pending)
        execute(&world.pending);
    world.has_pending = world.has_pending && schedule_random_chance(20);
}

static void fetch(void) {
    const struct view *view = &world.views[schedule_random_draw() % PROCESSES];
    if (active_in(view) == 0 || world.shy_events > 0)
        return;
    if (world.facts.promises.cached_ms < world.max_age_ms)
        world.facts.promises.cached_ms = world.max_age_ms; /* stored before it is promised */
    size_t client = schedule_random_draw() % CLIENTS;
    world.clients[client].copy = *view;
    world.clients[client].ends_ms = world.true_ms + world.max_age_ms;
    tally.fetches++;
}

static void promise_lifetime(void) {
    if (world.facts.promises.lived_ms < world.lifetime_ms)
        world.facts.promises.lived_ms = world.lifetime_ms;
}

/* Mostly for as long as was promised, as that is where promises break. */
static int64_t life(void) {
    return schedule_random_chance(70) ? world.lifetime_ms
                                      : schedule_random_between(0, world.lifetime_ms);
}

static void sign_by(size_t process) {
    uint16_t generation = active_in(&world.views[process]);
    if (generation == 0)
        return;
    add(&world.tokens, generation, life() + world.facts.policy.skew_ms);
    tally.tokens++;
    for (size_t c = 0; c < CLIENTS; c++) {
        bool good = world.clients[c].ends_ms > world.true_ms;
        enum keystate copied = state_in(&world.clients[c].copy, generation);
        if (good && (keystate_uses(copied) & KEYSTATE_SHOWN) == 0 && !is_revoked(generation))
            broken("a client with a good copy meets an unknown kid", generation);
    }
}

static void sign(void) {
    promise_lifetime();
    for (size_t p = 0; p < PROCESSES; p++)
        sign_by(p);
}

static void seal(void) {
    promise_lifetime();
    for (size_t c = 0; c < CLIENTS; c++) {
        uint16_t generation = active_in(&world.clients[c].copy);
        if (world.clients[c].ends_ms <= world.true_ms || generation == 0)
            continue;
        add(&world.sealed, generation, life());
        tally.sealed++;
    }
}

static void move_clock(void) {
    static const int64_t reach[] = {SECOND, HOUR, 40 * DAY, 4000 * DAY};
    int64_t most = reach[schedule_random_draw() % 4];
    world.wall_offset_ms = schedule_random_chance(30)
                               ? 0
                               : world.wall_offset_ms + schedule_random_between(-most, most);
}

static void revoke(void) {
    struct keystate_step step = {
        .action = KEYSTATE_REVOKE,
        .generation = (uint16_t)schedule_random_between(1, world.last_generation + 1)};
    const struct keystate_key *key = stored_key(step.generation);
    if (keystate_allows(facts(), now(), &step) == ERR_OK)
        commit_key(&step);
    else
        tally.needed += key != NULL && key->needed;
}

/* What one does when a token is stolen: all that can be revoked, in one moment. */
static void revoke_all(void) {
    uint16_t active = active_in(&world.stored);
    const struct keystate_step step = {.action = KEYSTATE_REVOKE, .generation = active};
    if (key_issuer_revoke(&world.issuer, facts(), now()))
        store_times();
    if (active != 0 && keystate_allows(facts(), now(), &step) == ERR_OK)
        commit_key(&step);
}

/* The steps of what certifies; gives how long until its next one. */
static int64_t step_issuer(void) {
    int64_t wait_ms = INT64_MAX;
    while (world.up && world.has_issuer && key_issuer_step(&world.issuer, facts(), now(), &wait_ms))
        store_times();
    return wait_ms;
}

static void ask_officers(void) {
    struct keystate_key *key = world.stored.count > 0
                                   ? &world.stored.keys[schedule_random_draw() % world.stored.count]
                                   : NULL;
    switch (schedule_random_draw() % 6) {
    case 0:
        world.facts.confirmed_wall_ms = now().wall_ms;
        break;
    case 1:
        world.facts.roll = true;
        break;
    case 2:
        if (schedule_random_chance(20))
            revoke();
        else if (world.has_issuer && schedule_random_chance(40))
            revoke_all();
        break;
    case 3:
        if (key != NULL)
            key->held = !key->held;
        break;
    default:
        if (key != NULL)
            key->granted = true;
    }
}

/* Of any order of magnitude: what is long in one schedule is short in another. */
static int64_t duration(void) {
    static const int64_t scales[] = {10 * SECOND, 600 * SECOND, 10 * HOUR, 5 * DAY};
    return schedule_random_between(0, scales[schedule_random_draw() % 4]);
}

static void change_settings(void) {
    world.max_age_ms = duration() + 1;
    world.lifetime_ms = duration();
}

/* Until just before, or just when, something happens. */
static int64_t until(int64_t moment_ms) {
    int64_t ms = moment_ms - world.true_ms - schedule_random_between(0, 1);
    return ms > 0 ? ms : 0;
}

static int64_t some_time(void) {
    struct keystate_step step;
    switch (schedule_random_draw() % 6) {
    case 0:
        return duration();
    case 1:
        return until(world.clients[schedule_random_draw() % CLIENTS].ends_ms);
    case 2:
        return until(world.changed_ms[schedule_random_draw() % PROCESSES] +
                     world.facts.policy.propagation_ms);
    case 3:
        assert_int_equal(keystate_next(facts(), now(), &step), ERR_OK);
        return step.wait_ms < 1000 * DAY ? until(world.true_ms + step.wait_ms + 1) : 0;
    default:
        return 0;
    }
}

static void happen(void) {
    static void (*const inside[])(void) = {
        choose, choose, choose, execute_pending, fetch,        fetch,           sign,       sign,
        sign,   seal,   seal,   move_clock,      ask_officers, change_settings, store_times};
    pass(some_time());
    if (schedule_random_chance(30))
        keep_stores(key_stores_happen);
    if (schedule_random_chance(50))
        (void)step_issuer();
    tally.orphans += facts()->orphan;
    world.shy_events -= world.shy_events > 0;
    if (!world.up) {
        if (schedule_random_chance(60))
            start();
    } else if (schedule_random_chance(3)) {
        crash();
    } else if (schedule_random_chance(10)) {
        refresh(schedule_random_draw() % PROCESSES);
    } else {
        inside[schedule_random_draw() % (sizeof inside / sizeof *inside)]();
    }
    check();
}

/* A box that has shown keys of other purposes: there are good copies without any of this one. */
static void show_nothing_of_it(void) {
    world.facts.promises.cached_ms = world.max_age_ms;
    for (size_t c = 0; c < CLIENTS; c++)
        world.clients[c].ends_ms = world.true_ms + world.max_age_ms;
}

static void begin(uint64_t number) {
    memset(&world, 0, sizeof world);
    world.number = number;
    schedule_random_begin(number);
    world.has_stores = number % 2 == 0;
    world.has_issuer = number % 3 == 0;
    world.true_ms = 20000 * DAY;
    world.facts.keys = world.stored.keys;
    world.facts.policy = (struct keystate_policy){
        .active_ms = duration() + 1,
        .destroy_ms = duration(),
        .jump_ms = duration(),
        .propagation_ms = duration(),
        .skew_ms = duration(),
    };
    change_settings();
    start();
    if (schedule_random_chance(20))
        world.shy_events = EVENTS / 4;
    else if (schedule_random_chance(20))
        show_nothing_of_it();
}

/* Left in peace, with a clock that is right, the box comes to rest: all is rolled and cleared. */
static void come_to_rest(void) {
    struct keystate_step step;
    uint16_t before = active_in(&world.stored);
    if (!world.up)
        start();
    world.wall_offset_ms =
        world.facts.seen_wall_ms > world.true_ms ? world.facts.seen_wall_ms - world.true_ms : 0;
    world.facts.confirmed_wall_ms = now().wall_ms;
    world.facts.roll = true;
    for (size_t i = 0; i < world.stored.count; i++) {
        world.stored.keys[i].held = false;
        world.stored.keys[i].granted = true;
    }
    for (int i = 0; i < 500 && world.stored.count < KEYS_MAX; i++) {
        keep_stores(key_stores_settle);
        int64_t issuer_ms = step_issuer();
        assert_int_equal(keystate_next(facts(), now(), &step), ERR_OK);
        if (step.action != KEYSTATE_WAIT) {
            assert_int_not_equal(step.action, KEYSTATE_ASK_CLOCK);
            assert_int_equal(keystate_allows(facts(), now(), &step), ERR_OK);
            commit_key(&step);
        } else if (step.awaited == KEYSTATE_ACTIVATE && !world.facts.roll) {
            break;
        } else {
            pass(step.wait_ms < issuer_ms ? step.wait_ms : issuer_ms);
            store_times();
            world.facts.confirmed_wall_ms = now().wall_ms;
        }
        sign();
    }
    if (world.stored.count == KEYS_MAX)
        return;
    if (world.facts.roll || active_in(&world.stored) == 0 || active_in(&world.stored) == before)
        broken("the roll never came", before);
}

static unsigned long count = 300, first = 1;

static void random_lives_keep_every_promise(void **state) {
    (void)state;
    for (unsigned long i = 0; i < count; i++) {
        begin(first + i);
        for (int event = 0; event < EVENTS; event++)
            happen();
        come_to_rest();
        tally.rows += world.stores.rows;
        tally.moved += world.stores.moved;
        tally.told += world.stores.taken;
        tally.issuers += world.issuer.revoked;
    }
}

static void everything_was_tried(void **state) {
    (void)state;
    if (count < 100)
        skip();
    for (size_t i = 0; i < sizeof tally.steps / sizeof *tally.steps; i++)
        assert_true(tally.steps[i] > count / 4);
    const unsigned long others[] = {tally.denied, tally.crashes, tally.fetches, tally.tokens,
                                    tally.sealed, tally.rows,    tally.moved,   tally.told};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(others[i] > count);
    assert_true(tally.needed > count / 20);
    assert_true(tally.issuers > count / 10 && tally.orphans > count);
    print_message(
        "%lu schedules: %lu activated, %lu retired, %lu destroyed, %lu revoked, %lu steps "
        "denied, %lu tokens; %lu rows, %lu moved, %lu revocations refused\n",
        count, tally.steps[KEYSTATE_ACTIVATE], tally.steps[KEYSTATE_RETIRE],
        tally.steps[KEYSTATE_DESTROY], tally.steps[KEYSTATE_REVOKE], tally.denied, tally.tokens,
        tally.rows, tally.moved, tally.needed);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lives_keep_every_promise),
        cmocka_unit_test(everything_was_tried),
    };
    count = argc > 1 ? strtoul(argv[1], NULL, 10) : count;
    first = argc > 2 ? strtoul(argv[2], NULL, 10) : first;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
