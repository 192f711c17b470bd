#include "authd/core/lane_watch.h"

enum { OWN_PAUSE_AT_MOST_MS = 1000 };

void lane_watch_note(struct lane_watch *watch, int64_t now_ms) {
    if (now_ms - watch->looked_ms > OWN_PAUSE_AT_MOST_MS)
        watch->since_ms = now_ms;
    watch->looked_ms = now_ms;
}

int64_t lane_watch_silent_ms(const struct lane_watch *watch, int64_t beat_ms, int64_t now_ms) {
    if (beat_ms == 0)
        return 0;
    return now_ms - (beat_ms > watch->since_ms ? beat_ms : watch->since_ms);
}
