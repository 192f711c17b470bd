#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/store/journal.h"

/*
 * One-time state: OTPs, attempts, freezes, replay, VID uses. Everything that must happen at most
 * once, or at most so often, is a claim here, and a claim that cannot be decided is a denial.
 *
 * The table in memory decides; what it decided travels in the request's journal record as effects
 * (absolute values with a sequence number) and is applied to LMDB `state` behind the journal. So
 * evidence and state cannot disagree: state is what the journal says. Until the record is durable
 * no answer leaves.
 *
 * Row keys are keyed hashes: neither file shows who. Times are CLOCK_BOOTTIME of one boot id; rows
 * of another boot whose lifetime counts on it (LEDGER_BOOT_BOUND) are void, the others carry
 * wall-clock expiries too, and within a boot the later of the two counts: a step of the wall clock
 * never ends a freeze.
 */
#define LEDGER_KEY_BYTES 16
#define LEDGER_VALUE_MAX 80
#define LEDGER_OPS_MAX   12

enum ledger_result { LEDGER_WON, LEDGER_TAKEN, LEDGER_LIMIT, LEDGER_UNAVAILABLE };

enum ledger_op_kind {
    LEDGER_CLAIM, /* absent (or expired) → present; present: TAKEN */
    LEDGER_BUMP, /* counter + 1; already at ${limit} within the window: LIMIT. The first bump starts
                    the window; with LEDGER_EXTEND the bump that reaches the limit starts
                    ${lifetime_ms} anew (a freeze) */
    LEDGER_LOWER, /* counter - 1, not below 0: gives back a bump of this request */
    LEDGER_CLEAR, /* row removed */
    LEDGER_PUT,   /* row set to ${value} */
    LEDGER_TAKE,  /* row present with exactly ${value} (constant time) → removed; else TAKEN */
};

enum ledger_flags {
    LEDGER_EXTEND = 1,
    LEDGER_BOOT_BOUND = 2, /* ${lifetime_ms} runs on the boot clock; void after a reboot */
};

struct ledger_op {
    enum ledger_op_kind kind;
    uint32_t flags;
    uint8_t key[LEDGER_KEY_BYTES];
    uint32_t limit;
    int64_t lifetime_ms;
    struct bytes value;
    uint32_t count; /* out, BUMP: the counter after it */
};

struct kv;
struct ledger;
struct ledger_options {
    const char *directory; /* of LMDB `state` */
    struct journal *journal;
    size_t rows_max; /* at most this many in memory: beyond it UNAVAILABLE */
    uint8_t boot_id[16];
};
/*
 * Loads LMDB, applies the journal's tail to both and listens to the journal from then on, so it
 * comes between journal_open and journal_start. ERR_CORRUPT: a damaged row or record, or `state`
 * is ahead of the journal: the box is failed. ERR_FULL: more rows than ${rows_max}. Both logged.
 */
MUST_CHECK enum err ledger_open(struct ledger **ledger, const struct ledger_options *options);
/* After journal_close. */
void ledger_close(struct ledger *ledger);

/*
 * Row key of ${kind} ("otp", "fail", "replay"…) over ${parts}, under the ledger's own key (of 16
 * bytes or more), which is set once, when the box is unlocked. Until then row keys are zeroes and
 * every claim is UNAVAILABLE. ERR_EXISTS, ERR_MALFORMED.
 */
MUST_CHECK enum err ledger_set_key(struct ledger *ledger, struct bytes secret_key);
void ledger_row_key(const struct ledger *ledger, const char *kind, const struct bytes *parts,
                    size_t part_count, uint8_t key[static LEDGER_KEY_BYTES]);

/*
 * All ${ops} or none, atomically and in their order: each sees those before it. On anything but WON
 * nothing has changed and ${failed} is the index of the op that refused. Effects are appended to
 * ${effects} for the request's record; several claims of one request may share the buffer.
 * UNAVAILABLE also when they do not fit there: a claim without evidence is none. Thread-safe.
 *
 * A lifetime belongs to ops that make a row: CLAIM, BUMP, PUT; it is over zero. BUMP past its
 * window starts anew at 1. LOWER does not give back a lifetime that EXTEND has restarted.
 */
#define LEDGER_EFFECTS_MAX 2048 /* of one claim of LEDGER_OPS_MAX ops */
MUST_CHECK enum ledger_result ledger_claim(struct ledger *ledger, struct ledger_op *ops,
                                           size_t op_count, int64_t deadline_boot_ms,
                                           size_t *failed, struct buffer *effects);

/*
 * The one place that says where effects sit in a journal record: at the end of the payload of
 * JOURNAL_REQUEST and JOURNAL_DELIVERY, followed by their length (u32). Other kinds have none.
 */
void ledger_effects_put(struct buffer *payload, struct bytes effects);
MUST_CHECK enum err ledger_effects_of(enum journal_kind kind, struct bytes payload,
                                      struct bytes *effects);

/* Reads a row that has not expired. ERR_NOT_FOUND. ${value} has LEDGER_VALUE_MAX bytes. */
MUST_CHECK enum err ledger_read(struct ledger *ledger, const uint8_t key[static LEDGER_KEY_BYTES],
                                uint8_t *value, size_t *len, uint32_t *count,
                                int64_t *remaining_ms);

/*
 * Applies what is durable to LMDB `state` and drops what has expired, about once a second or as
 * soon as much is waiting; else it does nothing. From the journal's thread, after each batch. On
 * an error all is kept and tried again; claims are UNAVAILABLE once too much is waiting.
 */
MUST_CHECK enum err ledger_settle(struct ledger *ledger);
/* Its file, for what else is kept there; written on the journal's thread alone, once that runs. */
struct kv *ledger_kv(struct ledger *ledger);
/* The journal sequence up to which `state` is complete. */
MUST_CHECK enum err ledger_sequence(struct ledger *ledger, uint64_t *applied_journal_sequence);
