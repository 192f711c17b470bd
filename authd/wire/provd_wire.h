#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/* provd ↔ core: the registry has one writer, the journal another. */
enum provd_verb {
    PROVD_AUDIT = 502,   /* a change an officer asks for, recorded before it is made */
    PROVD_AUDITED = 503, /* durable: {status} */
    PROVD_CHANGED = 504, /* the registry was committed: {sequence}; no answer */
    PROVD_STATE = 506,   /* asks for the box's state */
    PROVD_STATE_IS = 507,
    PROVD_KEY_USAGE = 508, /* who still uses a key: authd/store/key_usage_wire.h */
    PROVD_KEY_USAGE_IS = 509,
    PROVD_ROOT = 510, /* whether core has this generation open, which it opens if it has not */
    PROVD_ROOT_IS = 511,
};

struct provd_audit {
    char action[48];  /* "partner add" */
    char subject[96]; /* a programme's or key's name; for a person the count alone, "people=1000" */
    uint32_t officer_uid;
};

void provd_wire_put_audit(struct buffer *target, const struct provd_audit *audit);
MUST_CHECK enum err provd_wire_get_audit(struct bytes payload, struct provd_audit *audit);
/* PROVD_AUDITED: ERR_OK when the record is durable; provd makes no change on anything else. */
void provd_wire_put_audited(struct buffer *target, enum err status);
MUST_CHECK enum err provd_wire_get_audited(struct bytes payload, enum err *status);
/* PROVD_CHANGED: the registry's commit sequence. */
void provd_wire_put_changed(struct buffer *target, uint64_t sequence);
MUST_CHECK enum err provd_wire_get_changed(struct bytes payload, uint64_t *sequence);
void provd_wire_put_root(struct buffer *target, uint16_t generation);
MUST_CHECK enum err provd_wire_get_root(struct bytes payload, uint16_t *generation);
void provd_wire_put_root_is(struct buffer *target, bool is_open);
MUST_CHECK enum err provd_wire_get_root_is(struct bytes payload, bool *is_open);
