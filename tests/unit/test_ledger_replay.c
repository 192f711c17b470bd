#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ledger_fixture.h"

/*
 * Random claims, judged by a model; then their effects in any order, over restarts, make the same
 * state. IDCS_LONG=1 does more of it.
 */
#define NAMES   8
#define CLAIMS  150
#define SHUFFLE 3

static int64_t boot_ms, wall_ms;
int64_t __wrap_clock_boot_ms(void);
int64_t __wrap_clock_wall_ms(void);
int64_t __wrap_clock_boot_ms(void) {
    return boot_ms;
}
int64_t __wrap_clock_wall_ms(void) {
    return wall_ms;
}

static const char *const names[NAMES] = {"a", "b", "c", "d", "e", "f", "g", "h"};
static const char *const values[] = {"", "x", "y", "a longer value"};

struct model_row {
    bool present, bound;
    uint32_t count;
    const char *value;
    int64_t ends_boot_ms, ends_wall_ms;
};
struct model {
    struct model_row rows[NAMES];
};

static bool model_is_there(const struct model_row *row) {
    return row->present &&
           (boot_ms < row->ends_boot_ms || (!row->bound && wall_ms < row->ends_wall_ms));
}

static void model_live(struct model_row *row, const struct ledger_op *op) {
    row->present = true;
    row->bound = (op->flags & LEDGER_BOOT_BOUND) != 0;
    row->ends_boot_ms = boot_ms + op->lifetime_ms;
    row->ends_wall_ms = wall_ms + op->lifetime_ms;
}

static void model_set(struct model_row *row, const struct ledger_op *op, const char *value) {
    *row = (struct model_row){.value = value};
    model_live(row, op);
}

static enum ledger_result model_bump(struct model_row *row, const struct ledger_op *op) {
    if (!model_is_there(row))
        *row = (struct model_row){.value = ""};
    if (row->count >= op->limit)
        return LEDGER_LIMIT;
    row->count++;
    if (!row->present || (row->count == op->limit && (op->flags & LEDGER_EXTEND) != 0))
        model_live(row, op);
    return LEDGER_WON;
}

static enum ledger_result model_step(struct model_row *row, const struct ledger_op *op,
                                     const char *value) {
    bool there = model_is_there(row);
    switch (op->kind) {
    case LEDGER_CLAIM:
        if (there)
            return LEDGER_TAKEN;
        model_set(row, op, value);
        return LEDGER_WON;
    case LEDGER_PUT:
        model_set(row, op, value);
        return LEDGER_WON;
    case LEDGER_BUMP:
        return model_bump(row, op);
    case LEDGER_LOWER:
        if (there && row->count > 0)
            row->count--;
        return LEDGER_WON;
    case LEDGER_CLEAR:
        row->present = false;
        return LEDGER_WON;
    case LEDGER_TAKE:
        if (!there || strcmp(row->value, value) != 0)
            return LEDGER_TAKEN;
        row->present = false;
        return LEDGER_WON;
    }
    fail();
    return LEDGER_UNAVAILABLE;
}

static void require_model(const struct ledger_box *box, const struct model *model) {
    for (size_t i = 0; i < NAMES; i++) {
        const struct model_row *row = &model->rows[i];
        struct ledger_op named = ledger_fixture_op(box, LEDGER_CLEAR, names[i]);
        uint8_t value[LEDGER_VALUE_MAX];
        size_t len;
        uint32_t count;
        int64_t remaining_ms;
        enum err err = ledger_read(box->ledger, named.key, value, &len, &count, &remaining_ms);
        assert_int_equal(err, model_is_there(row) ? ERR_OK : ERR_NOT_FOUND);
        if (err != ERR_OK)
            continue;
        assert_int_equal(count, row->count);
        assert_true(bytes_equal_text(bytes_of(value, len), row->value));
        int64_t boot_left_ms = row->ends_boot_ms - boot_ms,
                wall_left_ms = row->ends_wall_ms - wall_ms;
        bool by_wall = !row->bound && wall_left_ms > boot_left_ms;
        assert_int_equal(remaining_ms, by_wall ? wall_left_ms : boot_left_ms);
    }
}

struct evidence {
    size_t count;
    struct {
        size_t len;
        uint8_t effects[LEDGER_EFFECTS_MAX];
    } records[CLAIMS];
};

static void claim_at_random(const struct ledger_box *box, struct store_chance *chance,
                            struct model *model, struct evidence *evidence) {
    struct ledger_op ops[4];
    struct model after = *model;
    size_t count = 1 + store_fixture_draw(chance, 4), failed, expected_failed = 0;
    enum ledger_result expected = LEDGER_WON;
    for (size_t i = 0; i < count; i++) {
        size_t name = store_fixture_draw(chance, NAMES);
        const char *value = values[store_fixture_draw(chance, 4)];
        ops[i] =
            ledger_fixture_op(box, (enum ledger_op_kind)store_fixture_draw(chance, 6), names[name]);
        ops[i].value = bytes_of_text(value);
        ops[i].flags = (uint32_t)store_fixture_draw(chance, 4);
        ops[i].lifetime_ms = 1 + (int64_t)store_fixture_draw(chance, 60);
        ops[i].limit = 1 + (uint32_t)store_fixture_draw(chance, 4);
        if (expected == LEDGER_WON) {
            expected = model_step(&after.rows[name], &ops[i], value);
            expected_failed = i;
        }
    }
    struct buffer effects =
        buffer_over(evidence->records[evidence->count].effects, LEDGER_EFFECTS_MAX);
    enum ledger_result result = ledger_claim(box->ledger, ops, count, INT64_MAX, &failed, &effects);
    assert_int_equal(result, expected);
    if (result != LEDGER_WON) {
        assert_int_equal(failed, expected_failed);
        return;
    }
    *model = after;
    evidence->records[evidence->count++].len = effects.len;
}

static void shuffle(struct store_chance *chance, size_t *order, size_t count) {
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t other = store_fixture_draw(chance, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* The ledger away for a while: what comes meanwhile is only in the journal. */
static void turn_ledger(struct ledger_box *box) {
    if (box->ledger == NULL) {
        journal_close(box->journal);
        ledger_fixture_open(box);
    } else {
        const struct journal_options options = {.directory = box->journal_directory.path,
                                                .segment_bytes = box->segment_bytes};
        ledger_fixture_close(box);
        assert_int_equal(journal_open(&box->journal, &options), ERR_OK);
    }
}

/* Writes the records in this order, with settles and restarts in between; leaves the box closed. */
static void write_records(struct ledger_box *box, struct store_chance *chance,
                          const struct evidence *evidence, const size_t *order) {
    ledger_fixture_make(box, 100);
    for (size_t i = 0; i < evidence->count; i++) {
        const size_t record = order[i];
        ledger_fixture_record(
            box, bytes_of(evidence->records[record].effects, evidence->records[record].len));
        if (store_fixture_draw(chance, 30) == 0)
            turn_ledger(box);
    }
    ledger_fixture_close(box);
}

static void require_same_after_replay(struct store_chance *chance, const struct evidence *evidence,
                                      const struct model *model) {
    struct ledger_box box;
    size_t order[CLAIMS];
    shuffle(chance, order, evidence->count);
    write_records(&box, chance, evidence, order);
    ledger_fixture_open(&box);
    require_model(&box, model);
    ledger_fixture_remove(&box);
}

/* What a row says, for comparing two ledgers. */
struct reading {
    enum err err;
    uint8_t value[LEDGER_VALUE_MAX];
    size_t len;
    uint32_t count;
    int64_t remaining_ms;
};

static void read_all(const struct ledger_box *box, struct reading readings[static NAMES]) {
    memset(readings, 0, NAMES * sizeof *readings);
    for (size_t i = 0; i < NAMES; i++) {
        struct ledger_op named = ledger_fixture_op(box, LEDGER_CLEAR, names[i]);
        readings[i].err = ledger_read(box->ledger, named.key, readings[i].value, &readings[i].len,
                                      &readings[i].count, &readings[i].remaining_ms);
    }
}

/* After a reboot too: bound rows are void, the others have what is left by the wall clock. */
static void require_same_after_reboot(struct store_chance *chance, const struct evidence *evidence,
                                      const struct model *model) {
    struct reading in_order[NAMES], shuffled[NAMES];
    for (int round = 0; round < 2; round++) {
        struct ledger_box box;
        size_t order[CLAIMS];
        for (size_t i = 0; i < evidence->count; i++)
            order[i] = i;
        if (round == 1)
            shuffle(chance, order, evidence->count);
        int64_t kept_boot_ms = boot_ms;
        write_records(&box, chance, evidence, order);
        box.boot_id[0]++;
        boot_ms = 77;
        ledger_fixture_open(&box);
        read_all(&box, round == 0 ? in_order : shuffled);
        ledger_fixture_remove(&box);
        boot_ms = kept_boot_ms;
    }
    assert_memory_equal(in_order, shuffled, sizeof in_order);
    for (size_t i = 0; i < NAMES; i++)
        if (model->rows[i].bound)
            assert_int_equal(in_order[i].err, ERR_NOT_FOUND);
}

static void replay_seed(uint64_t seed) {
    struct store_chance chance = {.state = seed};
    struct ledger_box box;
    struct model model = {0};
    struct evidence *evidence = calloc(1, sizeof *evidence);
    assert_non_null(evidence);
    boot_ms = 100000;
    wall_ms = INT64_C(1795290000000);
    ledger_fixture_make(&box, 100);
    for (int i = 0; i < CLAIMS; i++) {
        claim_at_random(&box, &chance, &model, evidence);
        require_model(&box, &model);
        int64_t pass_ms = (int64_t)store_fixture_draw(&chance, 8);
        boot_ms += pass_ms;
        wall_ms += pass_ms + (int64_t)store_fixture_draw(&chance, 7) - 3; /* an unsteady clock */
    }
    ledger_fixture_remove(&box);
    for (int i = 0; i < SHUFFLE; i++) {
        require_same_after_replay(&chance, evidence, &model);
        require_same_after_reboot(&chance, evidence, &model);
        boot_ms += 10;
        wall_ms += 10;
    }
    free(evidence);
}

static void any_order_of_records_makes_the_same_state(void **state) {
    (void)state;
    uint64_t seeds = getenv("IDCS_LONG") != NULL ? 1000 : 25;
    for (uint64_t seed = 1; seed <= seeds; seed++)
        replay_seed(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_records_makes_the_same_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
