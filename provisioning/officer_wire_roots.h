#pragma once

#include "authd/store/registry_roll.h"
#include "provisioning/officer_wire.h"

/* Orders of an officer over the record roots; answered with an outcome. */
enum officer_root_order {
    OFFICER_ROOT_ROLL,   /* a new generation, and all rows sealed again under it */
    OFFICER_ROOT_SWEEP,  /* once more over all rows, after damaged ones were replaced */
    OFFICER_ROOT_REMOVE, /* an old generation that no row is of */
    OFFICER_ROOT_ORDER_COUNT
};
struct officer_root {
    enum officer_root_order order;
    uint16_t generation; /* of OFFICER_ROOT_REMOVE; else 0 */
    bool dry_run;
};
void officer_wire_put_root(struct buffer *target, const struct officer_root *question);
MUST_CHECK enum err officer_wire_get_root(struct bytes payload, struct officer_root *question);
