#include <inttypes.h>

#include "authd/edge/tally.h"
#include "firmware/base/bytes.h"
#include "firmware/base/log.h"

#define INTERVAL_MS 60000
#define LINE_SIZE   1024

static const char *const words[TALLY_KINDS] = {
    [TALLY_ACCEPTED] = "accepted",
    [TALLY_OVER_LIMIT] = "over-limit",
    [TALLY_CUT_HANDSHAKE] = "cut-handshake",
    [TALLY_CUT_HEAD] = "cut-head",
    [TALLY_CUT_BODY] = "cut-body",
    [TALLY_CUT_ANSWER] = "cut-answer",
    [TALLY_CUT_IDLE] = "cut-idle",
    [TALLY_NO_CERTIFICATE] = "no-certificate",
    [TALLY_NOT_REGISTERED] = "not-registered",
    [TALLY_OUT_OF_DATE] = "out-of-date",
    [TALLY_NO_CHAIN] = "no-chain",
    [TALLY_HELD] = "held",
    [TALLY_CUT_STRANGER] = "cut-stranger",
    [TALLY_CUT_CROWD] = "cut-crowd",
    [TALLY_REFUSED] = "refused",
    [TALLY_OVERSIZED] = "oversized",
    [TALLY_FORWARDED] = "forwarded",
    [TALLY_RELAYED] = "relayed",
    [TALLY_CORE_SILENT] = "core-silent",
    [TALLY_CORE_DOWN] = "core-down",
    [TALLY_CORE_FULL] = "core-full",
    [TALLY_LATE] = "late",
};

void tally_add(struct tally *tally, enum tally_kind kind) {
    tally->count[kind]++;
}

static uint64_t sum(const struct tally *tally) {
    uint64_t total = 0;
    for (size_t i = 0; i < TALLY_KINDS; i++)
        total += tally->count[i];
    return total;
}

void tally_log_rest(struct tally *tally) {
    uint64_t total = sum(tally);
    if (total == tally->logged)
        return;
    tally->logged = total;
    char line[LINE_SIZE] = "";
    struct buffer text = buffer_over(line, sizeof line - 1);
    for (size_t i = 0; i < TALLY_KINDS; i++)
        if (tally->count[i] > 0)
            buffer_format(&text, " %s=%" PRIu64, words[i], tally->count[i]);
    log_event(LOG_INFO, "lane-tally", "lane=%u%s", tally->lane, line);
}

void tally_log(struct tally *tally, int64_t now_ms) {
    if (now_ms < tally->next_ms)
        return;
    tally->next_ms = now_ms + INTERVAL_MS;
    tally_log_rest(tally);
}
