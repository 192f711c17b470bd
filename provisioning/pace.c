#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "provisioning/pace.h"

#define SHARE          9 /* of the time is pause, for one of work */
#define SHARE_BUSY     39
#define PAUSE_LEAST_MS 5
#define IMPORT_MS      2000 /* so long after a change there may be more of them */

int pace_turn(struct provd *provd, int64_t *due_ms, const char *event,
              enum err (*turn)(struct provd *provd, int64_t *pause_ms)) {
    int64_t now_ms = clock_boot_ms(), pause_ms = PACE_PAUSE_MOST_MS;
    if (now_ms < *due_ms)
        return (int)(*due_ms - now_ms);
    enum err err = turn(provd, &pause_ms);
    if (err != ERR_OK) {
        log_event(LOG_WARNING, event, "why=%s", err_text(err));
        pause_ms = PACE_PAUSE_MOST_MS;
    }
    *due_ms = clock_boot_ms() + pause_ms;
    return (int)pause_ms;
}

int64_t pace_pause_ms(const struct provd *provd, int64_t began_ms) {
    int64_t now_ms = clock_boot_ms();
    bool busy = now_ms - provd->changed_ms < IMPORT_MS;
    int64_t pause_ms = (now_ms - began_ms) * (busy ? SHARE_BUSY : SHARE);
    if (pause_ms < PAUSE_LEAST_MS)
        return PAUSE_LEAST_MS;
    return pause_ms < PACE_PAUSE_MOST_MS ? pause_ms : PACE_PAUSE_MOST_MS;
}

uint8_t pace_percent(uint64_t seen, uint64_t rows) {
    uint64_t percent = rows > 0 ? seen * 100 / rows : 0;
    return percent < 99 ? (uint8_t)percent : 99; /* imports add rows on the way */
}
