#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/base/secret.h"
#include "hsm/usage_hold.h"
#include "authd/store/key_usage_report.h"
#include "tests/unit/rollover_box.h"

/*
 * Two hundred programmes through the rotation of IDA/PARTNER: the executor on a real token, the
 * counting of uses and the hold between them, with clocks of the test's own.
 */
#define DAY        ROLLOVER_BOX_DAY
#define HOUR       (DAY / 24)
#define STEP       (6 * HOUR)
#define PROGRAMMES 200
#define PER_MILLE  1
#define ROLL_DAY   100 /* the policy of the box */
#define LAST_DAY   200
#define USES       4 /* of a programme in a step */

/* How many days after the roll a programme fetches the certificate again, and how often it asks. */
static unsigned lag_days(unsigned programme) {
    if (programme < 150)
        return 0;
    return programme < 190 ? (programme - 150) % 10 : 20 + (programme - 190) * 3;
}

static bool asks(unsigned programme, unsigned step) {
    return programme != 195 || step % 28 == 0; /* once a week */
}

/* Of a late one, one terminal of two is late. */
static uint16_t encrypts_to(unsigned programme, unsigned use, uint16_t shown, int64_t day) {
    bool is_late = programme >= 190 && use == 0;
    bool has_changed = day >= ROLL_DAY + 1 + (int64_t)lag_days(programme);
    if (programme >= 190 && !is_late)
        has_changed = day >= ROLL_DAY + 1;
    return has_changed ? shown : 1;
}

struct rotation {
    struct rollover_box box;
    struct key_usage *usage;
    struct usage_hold hold;
    unsigned breaks, late_uses;
    int64_t last_late_day, retired_day;
};
static struct rotation rotation;
static struct key_usage_report report;

static int found(void **state) {
    (void)state;
    rollover_box_found(&rotation.box);
    return 0;
}

static int remove_all(void **state) {
    (void)state;
    rollover_box_remove(&rotation.box);
    return 0;
}

static bool opens(uint16_t generation) {
    struct keyring_row row;
    assert_int_equal(keyring_find(rotation.box.keyring, HSM_PURPOSE_PARTNER, generation, &row),
                     ERR_OK);
    return (keystate_uses(keyring_row_state(&row)) & KEYSTATE_OPENS) != 0;
}

static int64_t today(void) {
    return rotation.box.now.run_ms / DAY;
}

static void ask_once(unsigned programme, unsigned use, uint16_t shown, const bool *opened) {
    char name[16], terminal_name[16];
    uint16_t generation = encrypts_to(programme, use, shown, today());
    uint8_t terminal[KEY_USAGE_TERMINAL_BYTES] = {(uint8_t)(use == 0)};
    (void)snprintf(name, sizeof name, "programme-%03u", programme);
    (void)snprintf(terminal_name, sizeof terminal_name, "desk-%u", use == 0 ? 1 : 2);
    if (!opened[generation]) {
        rotation.breaks++;
        return;
    }
    if (generation == 1 && shown > 1) {
        rotation.late_uses++;
        rotation.last_late_day = today();
    }
    const struct key_usage_use counted = {.purpose = HSM_PURPOSE_PARTNER,
                                          .generation = generation,
                                          .programme = name,
                                          .terminal = terminal,
                                          .terminal_name = terminal_name};
    key_usage_count(rotation.usage, &counted, rotation.box.now.run_ms);
}

static void all_ask(unsigned step) {
    uint16_t shown = rollover_box_in(&rotation.box, HSM_PURPOSE_PARTNER, KEYSTATE_ACTIVE);
    bool opened[8] = {false};
    assert_true(shown > 0 && shown < 8);
    for (uint16_t generation = 1; generation <= shown; generation++)
        opened[generation] = opens(generation);
    for (unsigned programme = 0; programme < PROGRAMMES; programme++)
        for (unsigned use = 0; use < USES && asks(programme, step); use++)
            ask_once(programme, use, shown, opened);
}

/* What core does every other second. */
static void tell(void) {
    struct key_usage_held held;
    struct wire_usage used = {0}, read;
    uint8_t memory[512];
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct bytes written;
    key_usage_report_held(rotation.usage, PER_MILLE, rotation.box.now.run_ms, &held);
    used.all = held.all;
    used.count = held.count;
    for (size_t i = 0; i < held.count; i++) {
        used.keys[i].purpose = (enum hsm_purpose)held.keys[i].purpose;
        used.keys[i].generation = held.keys[i].generation;
    }
    wire_usage_put(&payload, &used);
    assert_int_equal(buffer_end(&payload, &written), ERR_OK);
    assert_int_equal(wire_usage_get(written, &read), ERR_OK);
    usage_hold_take(&rotation.hold, &read, rotation.box.now.run_ms);
}

static void begin(bool is_held) {
    const struct key_usage_options options = {.rows_max = 4000, .hour_ms = HOUR};
    rotation.box.usage = is_held ? &rotation.hold : NULL;
    rotation.hold = (struct usage_hold){0};
    rotation.breaks = rotation.late_uses = 0;
    rotation.last_late_day = rotation.retired_day = 0;
    assert_int_equal(key_usage_open(&rotation.usage, &options), ERR_OK);
    rollover_box_begin(&rotation.box);
}

static void end(void) {
    rollover_box_close(&rotation.box);
    key_usage_close(rotation.usage);
}

static void live(unsigned from_day, unsigned to_day) {
    for (unsigned step = from_day * 4; step < to_day * 4; step++) {
        tell();
        (void)rollover_box_settle(&rotation.box);
        all_ask(step);
        if (rotation.retired_day == 0 && today() > ROLL_DAY && !opens(1))
            rotation.retired_day = today();
        rollover_box_pass(&rotation.box, STEP);
    }
}

static void two_hundred_programmes_with_stragglers_rotate_without_one_break(void **state) {
    (void)state;
    const struct key_usage_key old = {HSM_PURPOSE_PARTNER, 1};
    begin(true);
    live(0, ROLL_DAY + 15); /* its dates would have let it retire by now */
    key_usage_report_make(rotation.usage, &old, PER_MILLE, rotation.box.now.run_ms, &report);
    assert_true(report.held);
    assert_int_equal(report.holding, 10);
    assert_int_equal(report.programme_count, PROGRAMMES);
    for (size_t i = 0; i < PROGRAMMES; i++) {
        bool is_late = strcmp(report.programmes[i].programme, "programme-190") >= 0;
        assert_int_equal(report.programmes[i].holds, is_late);
        assert_int_equal(is_late, i < 10);
    }
    live(ROLL_DAY + 15, LAST_DAY);
    assert_int_equal(rotation.breaks, 0);
    assert_true(rotation.late_uses > 1000);
    assert_int_equal(rotation.last_late_day, ROLL_DAY + 20 + 9 * 3);
    assert_true(rotation.retired_day > rotation.last_late_day);
    assert_true(rotation.retired_day <= rotation.last_late_day + 3);
    end();
}

/* So the test above can fail. */
static void by_its_dates_alone_the_same_rotation_breaks_the_stragglers(void **state) {
    (void)state;
    begin(false);
    live(0, ROLL_DAY + 50);
    assert_true(rotation.breaks > 100);
    end();
}

static void what_officers_let_go_in_spite_of_its_use_retires(void **state) {
    (void)state;
    struct rollover_box *life = &rotation.box;
    begin(true);
    live(0, ROLL_DAY + 15);
    assert_true(opens(1));
    assert_int_equal(
        keyring_life_mark(life->keyring, HSM_PURPOSE_PARTNER, 1, KEYRING_RELEASED_IN_USE), ERR_OK);
    rollover_box_close(life);
    rollover_box_open(life); /* it is stored */
    (void)rollover_box_settle(life);
    assert_int_equal(rollover_box_in(life, HSM_PURPOSE_PARTNER, KEYSTATE_RETIRED), 1);
    end();
}

/* ---- the hold ---- */

static bool is_held(const struct usage_hold *hold, enum hsm_purpose purpose, uint16_t generation,
                    int64_t run_ms) {
    struct keystate_key key = {.generation = generation};
    usage_hold_mark(hold, purpose, run_ms, &key, 1);
    return key.held;
}

static void silence_holds_and_so_does_an_old_word(void **state) {
    (void)state;
    struct usage_hold hold = {0};
    const struct wire_usage nobody = {0};
    assert_true(is_held(&hold, HSM_PURPOSE_PARTNER, 1, 5000));
    usage_hold_take(&hold, &nobody, 5000);
    assert_false(is_held(&hold, HSM_PURPOSE_PARTNER, 1, 5000));
    assert_false(is_held(&hold, HSM_PURPOSE_PARTNER, 1, 5000 + USAGE_HOLD_FRESH_MS));
    assert_true(is_held(&hold, HSM_PURPOSE_PARTNER, 1, 5001 + USAGE_HOLD_FRESH_MS));
    assert_true(is_held(&hold, HSM_PURPOSE_PARTNER, 1, 4999));
}

static void only_what_is_encrypted_to_is_held_and_only_what_is_used(void **state) {
    (void)state;
    struct usage_hold hold;
    const struct wire_usage used = {.count = 1, .keys = {{HSM_PURPOSE_REQUEST, 3}}};
    usage_hold_take(&hold, &used, 0);
    assert_true(is_held(&hold, HSM_PURPOSE_REQUEST, 3, 0));
    assert_false(is_held(&hold, HSM_PURPOSE_REQUEST, 2, 0));
    assert_false(is_held(&hold, HSM_PURPOSE_PARTNER, 3, 0));
    hold.used.all = true;
    assert_true(is_held(&hold, HSM_PURPOSE_IDA_FIR, 9, 0));
    assert_false(is_held(&hold, HSM_PURPOSE_SIGN, 9, 0));
    assert_false(is_held(&hold, HSM_PURPOSE_TOKEN, 9, 0));
}

static void officers_let_a_used_key_go_but_not_one_that_they_keep(void **state) {
    (void)state;
    struct usage_hold hold = {0};
    struct keystate_key keys[] = {{.generation = 1, .released = true},
                                  {.generation = 2, .released = true, .held = true}};
    usage_hold_mark(&hold, HSM_PURPOSE_PARTNER, 0, keys, 2);
    assert_false(keys[0].held);
    assert_true(keys[1].held);
}

static void a_word_that_is_none_holds_all(void **state) {
    (void)state;
    static const uint8_t bad[][6] = {
        {2, 0}, {0, 1, HSM_PURPOSE_COUNT, 0, 1}, {0, 1, 2, 0}, {0, 0, 0}, {0, 65}};
    static const size_t lens[] = {2, 5, 4, 3, 2};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct wire_usage used;
        assert_int_not_equal(wire_usage_get(bytes_of(bad[i], lens[i]), &used), ERR_OK);
        assert_true(used.all && used.count == 0);
    }
}

int main(void) {
    if (secret_arena_open(65536) != ERR_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_holds_and_so_does_an_old_word),
        cmocka_unit_test(only_what_is_encrypted_to_is_held_and_only_what_is_used),
        cmocka_unit_test(officers_let_a_used_key_go_but_not_one_that_they_keep),
        cmocka_unit_test(a_word_that_is_none_holds_all),
        cmocka_unit_test(two_hundred_programmes_with_stragglers_rotate_without_one_break),
        cmocka_unit_test(what_officers_let_go_in_spite_of_its_use_retires),
        cmocka_unit_test(by_its_dates_alone_the_same_rotation_breaks_the_stragglers),
    };
    return cmocka_run_group_tests(tests, found, remove_all);
}
