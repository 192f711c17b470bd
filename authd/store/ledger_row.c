#include <string.h>

#include "firmware/base/clock.h"
#include "authd/store/ledger_row.h"

enum body_flags {
    BODY_PRESENT = 1,
    BODY_BOOT_BOUND = 2,
    BODY_KEPT_LONGER = 4, /* than its own lifetime */
    BODY_FLAGS = 7,
};

struct ledger_time ledger_row_now(void) {
    return (struct ledger_time){.boot_ms = clock_boot_ms(), .wall_ms = clock_wall_ms()};
}

static bool has_passed(struct ledger_time until, struct ledger_time now) {
    return now.boot_ms >= until.boot_ms && now.wall_ms >= until.wall_ms;
}

static int64_t later(int64_t left, int64_t right) {
    return left > right ? left : right;
}

bool ledger_row_expired(const struct ledger_row *row, struct ledger_time now) {
    if (!row->present)
        return true;
    if (row->boot_bound)
        return now.boot_ms >= row->expires.boot_ms;
    return has_passed(row->expires, now);
}

bool ledger_row_forgotten(const struct ledger_row *row, struct ledger_time now) {
    return ledger_row_expired(row, now) && has_passed(row->kept, now);
}

int64_t ledger_row_remaining_ms(const struct ledger_row *row, struct ledger_time now) {
    int64_t boot_ms = row->expires.boot_ms - now.boot_ms;
    return row->boot_bound ? boot_ms : later(boot_ms, row->expires.wall_ms - now.wall_ms);
}

void ledger_row_begin(struct ledger_row *row, bool boot_bound, int64_t lifetime_ms,
                      struct ledger_time now) {
    row->present = true;
    row->boot_bound = boot_bound;
    row->lifetime_ms = lifetime_ms;
    row->expires.boot_ms = now.boot_ms + lifetime_ms;
    row->expires.wall_ms = boot_bound ? 0 : now.wall_ms + lifetime_ms;
    row->kept.boot_ms = later(row->kept.boot_ms, row->expires.boot_ms);
    row->kept.wall_ms = later(row->kept.wall_ms, row->expires.wall_ms);
}

void ledger_row_end(struct ledger_row *row) {
    row->present = false;
    row->boot_bound = false;
    row->count = 0;
    row->lifetime_ms = 0;
    row->expires = (struct ledger_time){0};
    ledger_row_set_value(row, bytes_of(NULL, 0));
}

void ledger_row_set_value(struct ledger_row *row, struct bytes value) {
    memset(row->value, 0, sizeof row->value);
    if (value.len > 0)
        memcpy(row->value, value.data, value.len);
    row->value_len = (uint8_t)value.len;
}

void ledger_row_change_boot(struct ledger_row *row, struct ledger_time now) {
    row->kept.boot_ms = 0;
    if (!row->present)
        return;
    if (row->boot_bound) {
        ledger_row_end(row);
        return;
    }
    int64_t remaining_ms = row->expires.wall_ms - now.wall_ms;
    if (remaining_ms > row->lifetime_ms)
        remaining_ms = row->lifetime_ms;
    row->expires.boot_ms = now.boot_ms + later(remaining_ms, 0);
    row->kept.boot_ms = row->expires.boot_ms;
}

static bool kept_longer(const struct ledger_row *row) {
    return row->kept.boot_ms != row->expires.boot_ms || row->kept.wall_ms != row->expires.wall_ms;
}

void ledger_row_put(struct buffer *target, const struct ledger_row *row) {
    buffer_u8(target, (uint8_t)((row->present ? BODY_PRESENT : 0) |
                                (row->boot_bound ? BODY_BOOT_BOUND : 0) |
                                (kept_longer(row) ? BODY_KEPT_LONGER : 0)));
    if (row->present) {
        buffer_u32(target, row->count);
        buffer_i64(target, row->expires.boot_ms);
        if (!row->boot_bound) {
            buffer_i64(target, row->expires.wall_ms);
            buffer_i64(target, row->lifetime_ms);
        }
        buffer_u8(target, row->value_len);
        buffer_raw(target, row->value, row->value_len);
    }
    if (kept_longer(row)) {
        buffer_i64(target, row->kept.boot_ms);
        buffer_i64(target, row->kept.wall_ms);
    }
}

static void refuse(struct cursor *source) {
    if (source->err == ERR_OK)
        source->err = ERR_MALFORMED;
}

static void get_present(struct cursor *source, struct ledger_row *row) {
    row->count = cursor_u32(source);
    row->expires.boot_ms = cursor_i64(source);
    if (!row->boot_bound) {
        row->expires.wall_ms = cursor_i64(source);
        row->lifetime_ms = cursor_i64(source);
    }
    row->value_len = cursor_u8(source);
    if (row->value_len > LEDGER_VALUE_MAX) {
        row->value_len = 0;
        refuse(source);
    }
    cursor_copy(source, row->value, row->value_len);
}

void ledger_row_get(struct cursor *source, struct ledger_row *row) {
    uint8_t flags = cursor_u8(source);
    row->present = (flags & BODY_PRESENT) != 0;
    row->boot_bound = (flags & BODY_BOOT_BOUND) != 0;
    if ((flags & ~BODY_FLAGS) != 0 || (row->boot_bound && !row->present))
        refuse(source);
    if (row->present)
        get_present(source, row);
    row->kept = row->expires;
    if ((flags & BODY_KEPT_LONGER) != 0) {
        row->kept.boot_ms = cursor_i64(source);
        row->kept.wall_ms = cursor_i64(source);
    }
}
