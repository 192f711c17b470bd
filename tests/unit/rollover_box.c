#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "hsm/ability.h"
#include "tests/unit/rollover_box.h"

static void open_files(struct rollover_box *box) {
    const struct token_options options = hsm_box_options(box->module);
    SECRET(pin);
    assert_int_equal(secret_copy(&pin, bytes_of_text(HSM_BOX_PIN)), ERR_OK);
    assert_int_equal(keyring_open(&box->keyring, box->box.keyring_directory, true), ERR_OK);
    assert_int_equal(token_open(&box->token, &options, &pin), ERR_OK);
    assert_int_equal(ability_probe(token_session(box->token), 0, &box->generate.purposes), ERR_OK);
}

static void make_first_keys(struct rollover_box *box) {
    enum generate_outcome outcome = GENERATE_INTENDED;
    while (outcome != GENERATE_COMPLETE)
        assert_int_equal(
            generate_step(box->keyring, box->token, &box->generate, ROLLOVER_BOX_WALL, &outcome),
            ERR_OK);
}

bool rollover_box_rolls(enum hsm_purpose purpose) {
    return purpose == HSM_PURPOSE_SIGN || purpose == HSM_PURPOSE_PARTNER ||
           purpose == HSM_PURPOSE_AUDIT || purpose == HSM_PURPOSE_TOKEN ||
           (purpose == HSM_PURPOSE_REQUEST && (hsm_box_purposes() & HSM_PURPOSE_BIT(purpose)) != 0);
}

static void plan(struct rollover_box *box) {
    box->settings = (struct rollover_settings){.max_age_seconds = 86400,
                                               .day_seconds = 86400,
                                               .propagation_seconds = 60,
                                               .skew_seconds = 60,
                                               .jump_days = 200,
                                               .destroy_days = 5};
    box->now = (struct keystate_now){.wall_ms = ROLLOVER_BOX_WALL};
    box->by_order = false;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++) {
        box->settings.of[purpose].active_days = rollover_box_rolls((enum hsm_purpose)purpose) * 100;
        box->settings.of[purpose].overlap_days = 10;
    }
    rollover_policy_make(&box->settings, &box->policy);
}

/* A command of the shell in the box's folder. */
static void run(const struct rollover_box *box, const char *command) {
    char line[512];
    (void)snprintf(line, sizeof line, "cd %s && %s", box->box.directory, command);
    assert_int_equal(system(line), 0);
}

void rollover_box_found(struct rollover_box *box) {
    memset(box, 0, sizeof *box);
    plan(box);
    hsm_box_make(&box->box);
    open_files(box);
    make_first_keys(box);
    token_close(box->token);
    keyring_close(box->keyring);
    rollover_box_keep(box, "first");
}

void rollover_box_begin(struct rollover_box *box) {
    plan(box);
    rollover_box_take_back(box, "first");
    rollover_box_open(box);
}

void rollover_box_by_order(struct rollover_box *box) {
    box->by_order = true;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        box->policy.of[purpose].active_ms = 0;
}

void rollover_box_keep(struct rollover_box *box, const char *name) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s && mkdir %s && cp -r token keyring %s", name,
                   name, name);
    run(box, command);
}

void rollover_box_take_back(struct rollover_box *box, const char *name) {
    char command[128];
    (void)snprintf(command, sizeof command,
                   "rm -rf token keyring log && cp -r %s/token %s/keyring .", name, name);
    run(box, command);
}

void rollover_box_open(struct rollover_box *box) {
    open_files(box);
    const struct rollover_plan made = {.keyring = box->keyring,
                                       .token = box->token,
                                       .policy = &box->policy,
                                       .generate = &box->generate,
                                       .usage = box->usage};
    assert_int_equal(rollover_open(&box->rollover, &made), ERR_OK);
}

void rollover_box_close(struct rollover_box *box) {
    rollover_close(box->rollover);
    token_close(box->token);
    keyring_close(box->keyring);
}

void rollover_box_remove(struct rollover_box *box) {
    hsm_box_remove(&box->box);
}

void rollover_box_pass(struct rollover_box *box, int64_t ms) {
    box->now.wall_ms += ms;
    box->now.run_ms += ms;
    rollover_wake(box->rollover);
}

unsigned rollover_box_settle(struct rollover_box *box) {
    struct rollover_news news;
    unsigned steps = 0;
    do {
        assert_int_equal(rollover_turn(box->rollover, box->now, &news), ERR_OK);
        steps += news.action != KEYSTATE_WAIT || news.rewrapped;
        assert_true(steps < 200);
        if (news.action == KEYSTATE_DESTROY) { /* as a signer starts again */
            rollover_box_close(box);
            rollover_box_open(box);
        }
    } while (news.action != KEYSTATE_WAIT || news.rewrapped);
    return steps;
}

unsigned rollover_box_settle_after(struct rollover_box *box, int64_t ms) {
    rollover_box_pass(box, ms);
    return rollover_box_settle(box);
}

struct looking {
    enum keystate state;
    uint16_t found;
};

static enum err look(void *context, const struct keyring_row *row) {
    struct looking *looking = context;
    if (looking->found == 0 && keyring_row_state(row) == looking->state)
        looking->found = row->generation;
    return ERR_OK;
}

uint16_t rollover_box_in(struct rollover_box *box, enum hsm_purpose purpose, enum keystate state) {
    struct looking looking = {.state = state};
    assert_int_equal(keyring_each(box->keyring, purpose, look, &looking), ERR_OK);
    return looking.found;
}

struct agreeing {
    struct token_raw *raw;
    size_t keys;
};

static enum err agree(void *context, const struct keyring_row *row) {
    struct agreeing *agreeing = context;
    bool is_there, is_due = row->committed && row->certificate_len > 0 &&
                            keyring_row_custody(row) == KEYRING_CUSTODY_TOKEN &&
                            keyring_row_state(row) != KEYSTATE_DESTROYED;
    assert_int_equal(token_raw_holds(agreeing->raw, row->id, &is_there), ERR_OK);
    assert_int_equal(is_there, is_due);
    agreeing->keys += is_due;
    return ERR_OK;
}

void rollover_box_assert_agreed(struct rollover_box *box) {
    struct agreeing agreeing = {.raw = token_session(box->token)};
    size_t held;
    for (int purpose = 0; purpose < HSM_PURPOSE_COUNT; purpose++)
        assert_int_equal(keyring_each(box->keyring, (enum hsm_purpose)purpose, agree, &agreeing),
                         ERR_OK);
    assert_int_equal(token_raw_count(agreeing.raw, &held), ERR_OK);
    assert_int_equal(held, agreeing.keys);
}

/* ---- a process of its own ---- */

int rollover_box_spawn(struct rollover_box *box, const char *fault, unsigned turns) {
    char words[3][32];
    const char *by_order = box->by_order ? "by-order" : "by-age";
    int status;
    (void)snprintf(words[0], sizeof words[0], "%u", turns);
    (void)snprintf(words[1], sizeof words[1], "%lld", (long long)box->now.wall_ms);
    (void)snprintf(words[2], sizeof words[2], "%lld", (long long)box->now.run_ms);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)setenv("SHIM_MODULE", hsm_box_module(), 1);
        (void)setenv("SHIM_LOG", box->box.log_file, 1);
        (void)setenv("SHIM_FAULT", fault, 1);
        execl("/proc/self/exe", "work", box->box.keyring_directory, words[0], words[1], words[2],
              by_order, (char *)NULL);
        _exit(98);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool rollover_box_work(int argc, char **argv) {
    static struct rollover_box box = {.module = PKCS11_SHIM};
    if (argc != 6 || strcmp(argv[0], "work") != 0)
        return false;
    plan(&box);
    if (strcmp(argv[5], "by-order") == 0)
        rollover_box_by_order(&box);
    (void)snprintf(box.box.keyring_directory, sizeof box.box.keyring_directory, "%s", argv[1]);
    box.now = (struct keystate_now){atoll(argv[3]), atoll(argv[4])};
    rollover_box_open(&box);
    for (int turns = atoi(argv[2]); turns > 0; turns--) {
        struct rollover_news news;
        if (rollover_turn(box.rollover, box.now, &news) != ERR_OK)
            _exit(1);
    }
    _exit(0);
}
