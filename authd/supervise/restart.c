#include <sys/wait.h>

#include "authd/supervise/restart.h"
#include "firmware/base/boot.h"

enum restart_verdict restart_judge(const struct restart_end *end) {
    if (end->code != CLD_EXITED || end->is_plugin)
        return RESTART_LATER;
    if (end->status == BOOT_EXIT_CONFIG)
        return RESTART_NEVER;
    if (end->status == BOOT_EXIT_PIN_REFUSED && end->is_signer)
        return RESTART_LOCKED;
    if (end->status == BOOT_EXIT_RECYCLE && end->was_ready)
        return RESTART_AT_ONCE;
    return RESTART_LATER;
}

int64_t restart_delay_ms(struct restart_history *history, const struct restart_end *end,
                         int64_t lived_ms) {
    if (lived_ms >= RESTART_FORGIVEN_MS)
        history->failures = 0;
    if (end->is_parser && end->was_ready && history->failures > 1)
        history->failures = 1;
    history->failures++;
    if (history->failures == 1)
        return 0;
    int64_t delay = RESTART_FIRST_DELAY_MS;
    for (unsigned i = 2; i < history->failures && delay < RESTART_MOST_DELAY_MS; i++)
        delay *= 2;
    return delay < RESTART_MOST_DELAY_MS ? delay : RESTART_MOST_DELAY_MS;
}
