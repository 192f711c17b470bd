#include <string.h>

#include "hsm/wire.h"
#include "authd/store/key_usage_wire.h"

void key_usage_wire_put_question(struct buffer *target, const struct key_usage_key *key) {
    buffer_u8(target, key->purpose);
    buffer_u16(target, key->generation);
}

static uint8_t get_below(struct cursor *cursor, unsigned count) {
    uint8_t number = cursor_u8(cursor);
    if (cursor->err == ERR_OK && number >= count)
        cursor->err = ERR_MALFORMED;
    return cursor->err == ERR_OK ? number : 0;
}

enum err key_usage_wire_get_question(struct bytes payload, struct key_usage_key *key) {
    struct cursor cursor = cursor_over(payload);
    key->purpose = get_below(&cursor, HSM_PURPOSE_COUNT);
    key->generation = cursor_u16(&cursor);
    return cursor_end(&cursor);
}

static void put_sums(struct buffer *target, const uint64_t *sums) {
    for (int period = 0; period < KEY_USAGE_PERIODS; period++)
        buffer_u64(target, sums[period]);
}

static void get_sums(struct cursor *cursor, uint64_t *sums) {
    for (int period = 0; period < KEY_USAGE_PERIODS; period++)
        sums[period] = cursor_u64(cursor);
}

/* Shown to people: no control characters. */
static void get_line(struct cursor *cursor, char *line, size_t size) {
    cursor_text(cursor, line, size);
    for (const char *at = line; cursor->err == ERR_OK && *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            cursor->err = ERR_MALFORMED;
}

static void put_programme(struct buffer *target, const struct key_usage_programme *programme) {
    buffer_text(target, programme->programme);
    buffer_u32(target, programme->terminals);
    put_sums(target, programme->uses);
    put_sums(target, programme->all);
    buffer_bool(target, programme->is_silent);
    buffer_u32(target, programme->share);
    buffer_bool(target, programme->holds);
}

static void get_programme(struct cursor *cursor, struct key_usage_programme *programme) {
    get_line(cursor, programme->programme, sizeof programme->programme);
    programme->terminals = cursor_u32(cursor);
    get_sums(cursor, programme->uses);
    get_sums(cursor, programme->all);
    programme->is_silent = cursor_bool(cursor);
    programme->share = cursor_u32(cursor);
    programme->holds = cursor_bool(cursor);
}

static void put_terminal(struct buffer *target, const struct key_usage_terminal *terminal) {
    buffer_text(target, terminal->programme);
    buffer_bool(target, terminal->is_other);
    buffer_raw(target, terminal->terminal, sizeof terminal->terminal);
    buffer_text(target, terminal->name);
    put_sums(target, terminal->uses);
}

static void get_terminal(struct cursor *cursor, struct key_usage_terminal *terminal) {
    get_line(cursor, terminal->programme, sizeof terminal->programme);
    terminal->is_other = cursor_bool(cursor);
    cursor_copy(cursor, terminal->terminal, sizeof terminal->terminal);
    get_line(cursor, terminal->name, sizeof terminal->name);
    get_sums(cursor, terminal->uses);
}

void key_usage_wire_put_report(struct buffer *target, enum err status,
                               const struct key_usage_report *report) {
    buffer_u8(target, (uint8_t)status);
    if (status != ERR_OK)
        return;
    buffer_i64(target, report->since_wall_ms);
    buffer_bool(target, report->covers_day);
    buffer_u32(target, report->per_mille);
    buffer_bool(target, report->held);
    buffer_u32(target, report->holding);
    buffer_u64(target, report->uncounted);
    buffer_u32(target, report->programmes_left_out);
    buffer_u32(target, report->terminals_left_out);
    buffer_u16(target, (uint16_t)report->programme_count);
    for (size_t i = 0; i < report->programme_count; i++)
        put_programme(target, &report->programmes[i]);
    buffer_u16(target, (uint16_t)report->terminal_count);
    for (size_t i = 0; i < report->terminal_count; i++)
        put_terminal(target, &report->terminals[i]);
}

static enum err read_report(struct cursor *cursor, struct key_usage_report *report) {
    report->since_wall_ms = cursor_i64(cursor);
    report->covers_day = cursor_bool(cursor);
    report->per_mille = cursor_u32(cursor);
    report->held = cursor_bool(cursor);
    report->holding = cursor_u32(cursor);
    report->uncounted = cursor_u64(cursor);
    report->programmes_left_out = cursor_u32(cursor);
    report->terminals_left_out = cursor_u32(cursor);
    report->programme_count = cursor_u16(cursor);
    if (report->programme_count > KEY_USAGE_PROGRAMMES_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < report->programme_count; i++)
        get_programme(cursor, &report->programmes[i]);
    report->terminal_count = cursor_u16(cursor);
    if (report->terminal_count > KEY_USAGE_TERMINALS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < report->terminal_count; i++)
        get_terminal(cursor, &report->terminals[i]);
    return ERR_OK;
}

enum err key_usage_wire_get_report(struct bytes payload, enum err *status,
                                   struct key_usage_report *report) {
    struct cursor cursor = cursor_over(payload);
    memset(report, 0, sizeof *report);
    *status = (enum err)get_below(&cursor, ERR_SYSTEM + 1);
    enum err err = *status == ERR_OK ? read_report(&cursor, report) : ERR_OK;
    if (err == ERR_OK)
        err = cursor_end(&cursor);
    if (err != ERR_OK) {
        memset(report, 0, sizeof *report);
        *status = ERR_UNAVAILABLE;
    }
    report->held |= *status != ERR_OK;
    return err;
}
