#pragma once

#include <stdint.h>

/*
 * What a lane did, as counts: strangers decide how often things are refused here, so a line for
 * each would let them fill the log.
 */
enum tally_kind {
    TALLY_ACCEPTED,
    TALLY_OVER_LIMIT,    /* connections refused by a connection limit */
    TALLY_CUT_HANDSHAKE, /* connections shut down by the deadline of a phase */
    TALLY_CUT_HEAD,
    TALLY_CUT_BODY,
    TALLY_CUT_ANSWER,
    TALLY_CUT_IDLE,
    TALLY_NO_CERTIFICATE, /* JOSE: handshakes refused, and why */
    TALLY_NOT_REGISTERED,
    TALLY_OUT_OF_DATE,
    TALLY_NO_CHAIN,     /* handshakes before any signer has told of a TLS key */
    TALLY_HELD,         /* handshakes that waited as all signers were silent */
    TALLY_CUT_STRANGER, /* JOSE: connections cut as their certificate is not good any more */
    TALLY_CUT_CROWD,    /* connections that made place when all were taken */
    TALLY_REFUSED,      /* requests answered 4xx here */
    TALLY_OVERSIZED,    /* connections closed because a refused body went on */
    TALLY_FORWARDED,
    TALLY_RELAYED,
    TALLY_CORE_SILENT, /* bare 503: the deadline passed */
    TALLY_CORE_DOWN,   /* bare 503: core died with the request */
    TALLY_CORE_FULL,   /* bare 503: the queue to core is full */
    TALLY_LATE,        /* answers nobody waited for any more */
    TALLY_KINDS,
};

struct tally {
    unsigned lane;
    uint64_t count[TALLY_KINDS];
    uint64_t logged; /* sum of the counts in the last line */
    int64_t next_ms; /* CLOCK_BOOTTIME of the next line */
};

void tally_add(struct tally *tally, enum tally_kind kind);
/* Writes one line a minute, if anything was counted since the last. */
void tally_log(struct tally *tally, int64_t now_ms);
/* Writes what has not been written yet. */
void tally_log_rest(struct tally *tally);
