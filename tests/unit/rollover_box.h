#pragma once

#include "hsm/rollover.h"
#include "tests/lib/hsm_box.h"

/*
 * The executor of the life of keys on a real token, with clocks of the test's own. Policy: 100 days
 * active, 10 days of overlap, destroyed after 5; a max-age of a day, a minute of propagation.
 */
#define ROLLOVER_BOX_SECOND INT64_C(1000)
#define ROLLOVER_BOX_DAY    (86400 * ROLLOVER_BOX_SECOND)
#define ROLLOVER_BOX_WALL   (20000 * ROLLOVER_BOX_DAY) /* when the first keys are made */

struct rollover_box {
    struct hsm_box box;
    const char *module; /* NULL: SoftHSM itself */
    struct keyring *keyring;
    struct token *token;
    struct rollover *rollover;
    struct rollover_settings settings;
    struct rollover_policy policy;
    struct generate_plan generate;
    const struct usage_hold *usage; /* NULL: nobody is asked who uses the keys */
    struct keystate_now now;
    bool by_order; /* no purpose has an age */
};

/* Once: a folder with all first keys, which each test begins with a copy of. */
void rollover_box_found(struct rollover_box *box);
void rollover_box_remove(struct rollover_box *box);
/* Its files stay as they are when it is opened again. */
void rollover_box_begin(struct rollover_box *box);
/* No purpose has an age any more, until the next begin: what is ordered rolls, and nothing else. */
void rollover_box_by_order(struct rollover_box *box);
/* Keeps the files of a closed box in a folder ${name}, and takes them back, later or twice. */
void rollover_box_keep(struct rollover_box *box, const char *name);
void rollover_box_take_back(struct rollover_box *box, const char *name);
void rollover_box_open(struct rollover_box *box);
void rollover_box_close(struct rollover_box *box);

/*
 * A process of its own that opens the box with the shim and its ${fault}, and takes ${turns} turns.
 * The box must be closed meanwhile. Gives its exit code. A program that uses this begins its main
 * with rollover_box_work, which gives false in the process of the test.
 */
int rollover_box_spawn(struct rollover_box *box, const char *fault, unsigned turns);
bool rollover_box_work(int argc, char **argv);

/* Whether its keys have an age: one of each kind of key, as RSA keys take their time. */
bool rollover_box_rolls(enum hsm_purpose purpose);
#define ROLLOVER_BOX_ROLLING 5

/* Lets both clocks go on. */
void rollover_box_pass(struct rollover_box *box, int64_t ms);
/* Turns until nothing is due; gives how many steps were done, rows wrapped anew among them. */
unsigned rollover_box_settle(struct rollover_box *box);
/* The same, once both clocks have gone on. */
unsigned rollover_box_settle_after(struct rollover_box *box, int64_t ms);
/* The key of ${purpose} that is in ${state}: its generation, 0 when there is none. */
uint16_t rollover_box_in(struct rollover_box *box, enum hsm_purpose purpose, enum keystate state);
/* The token and the keyring agree: each key that is not destroyed is there once, and no other. */
void rollover_box_assert_agreed(struct rollover_box *box);
