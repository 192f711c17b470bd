#include <stdlib.h>
#include <string.h>

#include "authd/store/key_usage_report.h"
#include "authd/store/key_usage_state.h"

#define HOURS_A_DAY 24
#define WHOLE_SHARE 100000u /* in thousandths of a per cent */
/* Beyond it sums would not be exact; a clamp keeps shares above what they are, never below. */
#define EXACT_MAX (UINT64_MAX / WHOLE_SHARE / 2)

bool key_usage_report_exceeds(uint64_t uses, uint64_t all, uint32_t per_mille) {
    if (all > EXACT_MAX)
        return per_mille < KEY_USAGE_PER_MILLE && uses > 0;
    return uses * KEY_USAGE_PER_MILLE > all * per_mille;
}

uint32_t key_usage_report_share(uint64_t uses, uint64_t all) {
    if (uses == 0)
        return 0;
    if (uses >= all || all > EXACT_MAX)
        return WHOLE_SHARE;
    return (uint32_t)((uses * WHOLE_SHARE + all - 1) / all);
}

static void sum_all(struct key_usage_row *row, int64_t hour, uint64_t *sums) {
    key_usage_advance(row, hour);
    for (int period = 0; period < KEY_USAGE_PERIODS; period++)
        sums[period] = key_usage_sum(row, (enum key_usage_period)period);
}

static struct key_usage_row *row_of(struct key_usage *usage, const struct key_usage_row *like,
                                    enum key_usage_kind kind, uint16_t generation) {
    struct key_usage_name name = like->name;
    name.kind = (uint8_t)kind;
    name.generation = generation;
    return key_usage_find(usage, &name);
}

/* Of the last day with any request of the programme: a week of silence shows no change. */
static void last_day(const struct key_usage_row *all, const struct key_usage_row *row,
                     uint64_t *uses, uint64_t *of) {
    int64_t today = all->hour / HOURS_A_DAY;
    for (int64_t back = 0; back < KEY_USAGE_DAYS && back <= today && *of == 0; back++) {
        size_t at = (size_t)((today - back) % KEY_USAGE_DAYS);
        *of = all->days[at];
        *uses = row != NULL ? row->days[at] : 0;
    }
}

/* What a programme, by its row over all keys, has with one of them. */
static void judge(struct key_usage *usage, struct key_usage_row *all, uint16_t generation,
                  uint32_t per_mille, struct key_usage_programme *programme) {
    struct key_usage_row *row = row_of(usage, all, KEY_USAGE_KEY, generation);
    *programme = (struct key_usage_programme){0};
    memcpy(programme->programme, all->name.programme, sizeof programme->programme);
    sum_all(all, all->hour, programme->all);
    if (row != NULL) {
        sum_all(row, all->hour, programme->uses);
        programme->terminals = row->terminals;
    }
    uint64_t uses = programme->uses[KEY_USAGE_DAY], of = programme->all[KEY_USAGE_DAY];
    programme->is_silent = of == 0;
    if (programme->is_silent)
        last_day(all, row, &uses, &of);
    programme->share = key_usage_report_share(uses, of);
    programme->holds = key_usage_report_exceeds(uses, of, per_mille);
}

static bool covers_day(const struct key_usage *usage, int64_t boot_ms) {
    return key_usage_hour(usage, boot_ms) >= HOURS_A_DAY;
}

static bool is_of(const struct key_usage_row *row, enum key_usage_kind kind, uint8_t purpose) {
    return row->name.kind == kind && row->name.purpose == purpose;
}

static int by_share(const void *left, const void *right) {
    const struct key_usage_programme *one = left, *other = right;
    int shares = (one->share < other->share) - (one->share > other->share);
    return shares != 0 ? shares : strcmp(one->programme, other->programme);
}

static void add_programme(struct key_usage_report *report,
                          const struct key_usage_programme *programme) {
    report->holding += programme->holds;
    if (report->programme_count < KEY_USAGE_PROGRAMMES_MAX) {
        report->programmes[report->programme_count++] = *programme;
        return;
    }
    report->programmes_left_out++;
    /* Who uses it most is never what is left out. */
    struct key_usage_programme *least = &report->programmes[0];
    for (size_t i = 1; i < report->programme_count; i++)
        if (by_share(&report->programmes[i], least) > 0)
            least = &report->programmes[i];
    if (by_share(programme, least) < 0)
        *least = *programme;
}

static void add_terminal(struct key_usage_report *report, struct key_usage_row *row, int64_t hour) {
    struct key_usage_terminal terminal = {.is_other = row->name.kind == KEY_USAGE_TERMINALS};
    memcpy(terminal.programme, row->name.programme, sizeof terminal.programme);
    memcpy(terminal.terminal, row->name.terminal, sizeof terminal.terminal);
    memcpy(terminal.name, row->terminal_name, sizeof terminal.name);
    sum_all(row, hour, terminal.uses);
    if (terminal.uses[KEY_USAGE_MONTH] == 0)
        return;
    if (report->terminal_count < KEY_USAGE_TERMINALS_MAX)
        report->terminals[report->terminal_count++] = terminal;
    else
        report->terminals_left_out++;
}

static void look(struct key_usage *usage, const struct key_usage_key *key, int64_t hour,
                 struct key_usage_report *report) {
    for (size_t i = 0; i < usage->count; i++) {
        struct key_usage_row *row = &usage->rows[i];
        struct key_usage_programme programme;
        bool is_of_key = row->name.generation == key->generation;
        if (is_of(row, KEY_USAGE_ALL, key->purpose)) {
            key_usage_advance(row, hour);
            judge(usage, row, key->generation, report->per_mille, &programme);
            if (programme.all[KEY_USAGE_MONTH] > 0)
                add_programme(report, &programme);
        } else if (is_of_key && (is_of(row, KEY_USAGE_TERMINAL, key->purpose) ||
                                 is_of(row, KEY_USAGE_TERMINALS, key->purpose))) {
            add_terminal(report, row, hour);
        }
    }
}

void key_usage_report_make(struct key_usage *usage, const struct key_usage_key *key,
                           uint32_t per_mille, int64_t boot_ms, struct key_usage_report *report) {
    memset(report, 0, sizeof *report);
    report->per_mille = per_mille;
    (void)pthread_mutex_lock(&usage->lock);
    report->since_wall_ms = usage->since_wall_ms;
    report->uncounted = usage->uncounted;
    report->covers_day = covers_day(usage, boot_ms);
    look(usage, key, key_usage_hour(usage, boot_ms), report);
    (void)pthread_mutex_unlock(&usage->lock);
    bool knows_all = report->covers_day && report->uncounted == 0;
    report->held = per_mille < KEY_USAGE_PER_MILLE && (!knows_all || report->holding > 0);
    qsort(report->programmes, report->programme_count, sizeof *report->programmes, by_share);
}

static void hold(struct key_usage_held *held, const struct key_usage_row *row) {
    for (size_t i = 0; i < held->count; i++)
        if (held->keys[i].purpose == row->name.purpose &&
            held->keys[i].generation == row->name.generation)
            return;
    if (held->count == KEY_USAGE_HELD_MAX)
        held->all = true;
    else
        held->keys[held->count++] = (struct key_usage_key){.purpose = row->name.purpose,
                                                           .generation = row->name.generation};
}

static void look_for_held(struct key_usage *usage, uint32_t per_mille, int64_t hour,
                          struct key_usage_held *held) {
    for (size_t i = 0; i < usage->count; i++) {
        struct key_usage_row *row = &usage->rows[i];
        struct key_usage_programme programme;
        if (row->name.kind != KEY_USAGE_KEY)
            continue;
        struct key_usage_row *all = row_of(usage, row, KEY_USAGE_ALL, 0);
        if (all != NULL) {
            key_usage_advance(all, hour);
            judge(usage, all, row->name.generation, per_mille, &programme);
        }
        if (all == NULL || programme.holds)
            hold(held, row);
    }
}

void key_usage_report_held(struct key_usage *usage, uint32_t per_mille, int64_t boot_ms,
                           struct key_usage_held *held) {
    *held = (struct key_usage_held){0};
    if (per_mille >= KEY_USAGE_PER_MILLE)
        return;
    (void)pthread_mutex_lock(&usage->lock);
    held->all = !covers_day(usage, boot_ms) || usage->uncounted > 0;
    look_for_held(usage, per_mille, key_usage_hour(usage, boot_ms), held);
    (void)pthread_mutex_unlock(&usage->lock);
}
