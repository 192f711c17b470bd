#include "authd/wire/biometric_time.h"

#include <string.h>

#include "firmware/base/clock.h"

#define SECONDS_CHARS 19 /* "2024-01-15T10:20:30" */

/* In whole seconds first, which then get the milliseconds that the clock's pattern wants. */
static bool parse(const char *text, int64_t *wall_ms) {
    char precise[UNSEAL_TIME_SIZE + sizeof ".000"];
    size_t len = strlen(text);
    if (len < SECONDS_CHARS || len >= UNSEAL_TIME_SIZE)
        return false;
    struct buffer target = buffer_over(precise, sizeof precise);
    buffer_format(&target, "%.*s.000%s", SECONDS_CHARS, text, text + SECONDS_CHARS);
    return clock_parse_millis(bytes_of_text(precise), wall_ms) == ERR_OK ||
           clock_parse_millis(bytes_of_text(text), wall_ms) == ERR_OK;
}

void biometric_time_parse(struct biometric_time *time) {
    time->wall_ms = 0;
    time->valid = time->text.presence == FIELD_PRESENT && parse(time->text.text, &time->wall_ms);
    if (!time->valid)
        time->wall_ms = 0;
}
