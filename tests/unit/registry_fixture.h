#pragma once

#include "authd/store/registry.h"
#include "tests/unit/store_fixture.h"

/* A registry as provd writes it; core reads the same environment, so one handle does for both.
 * Failures end the test. */
struct registry_box {
    struct store_directory directory;
    struct record_keys *keys; /* of generation 1 */
    struct registry *registry;
};
void registry_fixture_make(struct registry_box *box);
void registry_fixture_remove(struct registry_box *box);
/* One that was made before there was ${table}: its reader finds that out, and its writer has opened
 * it since. */
void registry_fixture_make_older(struct registry_box *box, enum registry_table table);

/* A row as it lies on the disk, taken and put back behind the registry's back. */
struct registry_row_image {
    uint8_t value[PHOTO_BYTES_MAX + RECORD_OVERHEAD];
    size_t len;
};
/* The last row of ${table}. */
void registry_fixture_take_row(const struct registry_box *box, enum registry_table table,
                               struct registry_row_image *row);
void registry_fixture_set_row(const struct registry_box *box, enum registry_table table,
                              const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                              const struct registry_row_image *row);
