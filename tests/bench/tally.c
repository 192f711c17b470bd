#include <stdio.h>
#include <string.h>

#include "tests/bench/tally.h"

void tally_free(struct tally *tally) {
    for (unsigned call = 0; call < CALL_KINDS; call++)
        timing_free(&tally->times[call]);
}

void tally_begin_slice(struct tally *tally) {
    memset(tally->answered, 0, sizeof tally->answered);
}

enum err tally_call(struct tally *tally, const struct transaction *transaction) {
    int64_t from_ns = transaction->due_ns != 0 ? transaction->due_ns : transaction->sent_ns;
    if (!transaction->measured)
        return ERR_OK;
    tally->answered[transaction->call]++;
    tally->answered_in_all[transaction->call]++;
    tally->in_flight_ns += transaction->done_ns - transaction->sent_ns;
    return timing_add(&tally->times[transaction->call], transaction->done_ns - from_ns);
}

void tally_wrong(struct tally *tally, const char *verdict) {
    size_t i = 0;
    tally->wrong++;
    while (i < tally->verdict_count && strcmp(tally->verdicts[i].text, verdict) != 0)
        i++;
    if (i == TALLY_VERDICTS)
        return;
    if (i == tally->verdict_count) {
        snprintf(tally->verdicts[i].text, VERDICT_SIZE, "%s", verdict);
        tally->verdict_count++;
    }
    tally->verdicts[i].count++;
}

void tally_verdict(struct tally *tally, const struct transaction *transaction,
                   int64_t window_end_ns) {
    tally->judged++;
    tally->examined += transaction->examined;
    if (transaction->verdict[0] != '\0') {
        tally_wrong(tally, transaction->verdict);
        return;
    }
    tally->answer_len[transaction->call] = transaction->answer.body_len;
    tally->signature_len[transaction->call] = strlen(transaction->answer.signature);
    enum call_kind second = mix_facts[transaction->kind].second;
    bool last = second == CALL_NONE || transaction->call == second;
    if (!transaction->measured || !last)
        return;
    tally->served++;
    tally->completed += transaction->done_ns <= window_end_ns;
}

uint64_t tally_count(const struct tally *tally, const char *verdict) {
    for (size_t i = 0; i < tally->verdict_count; i++)
        if (strcmp(tally->verdicts[i].text, verdict) == 0)
            return tally->verdicts[i].count;
    return 0;
}
