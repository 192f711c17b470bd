#pragma once

#include "authd/store/registry_pepper.h"
#include "tests/unit/store_fixture.h"

/*
 * A registry on disk whose rows go from pepper to pepper. The peppers are the test's own: a lookup
 * key follows from an id hash and a generation. A person has a number from 0, and one VID.
 */
#define PEPPER_BOX_PEOPLE 60

struct pepper_box {
    struct store_directory directory; /* the test makes and removes it */
    struct record_keys *keys;
    struct registry *registry;
};
void pepper_box_open(struct pepper_box *box);
void pepper_box_close(struct pepper_box *box);

/* The identifier of ${kind}, 'u' for UIN or 'v' for VID, of the person of ${number}. */
void pepper_box_text_of(char kind, unsigned number, char text[static IDENTITY_UIN_SIZE]);
/* The id hash of an identifier, and its lookup key under a pepper. */
void pepper_box_hash_of(const char *text, uint8_t hash[static ALIAS_ID_HASH_BYTES]);
struct registry_address pepper_box_address(char kind, unsigned number, uint16_t pepper);

/* A person's VID, under no pepper yet. */
struct alias pepper_box_vid_of(unsigned number, const uint8_t *person_key);
/* Somebody new, with a VID, under this pepper. */
void pepper_box_put_person(struct registry_batch *batch, unsigned number, uint16_t pepper);
void pepper_box_commit(struct registry_batch *batch);
/* PEPPER_BOX_PEOPLE of them, under the first one. */
void pepper_box_fill(const struct pepper_box *box);

void pepper_box_begin(const struct pepper_box *box, uint16_t oldest, uint16_t to);
struct registry_pepper pepper_box_now(const struct pepper_box *box);
/* What provd has a signer do between the two halves of a step. */
void pepper_box_find_targets(struct registry_pepper_step *step);

/* She is found by a question whose answer has these peppers' keys. ${pepper}: of her own row. */
void pepper_box_assert_found(const struct pepper_box *box, unsigned number, uint16_t pepper,
                             uint16_t from, uint16_t to);
/* The same for all whom pepper_box_fill has put there. */
void pepper_box_assert_all_found(const struct pepper_box *box, uint16_t from, uint16_t to);

/* Rows of aliases under a pepper; and damaged ones, of whichever. */
struct pepper_count {
    uint16_t pepper;
    uint64_t vids, uins, damaged;
};
struct pepper_count pepper_box_aliases_of(const struct pepper_box *box, uint16_t pepper);
