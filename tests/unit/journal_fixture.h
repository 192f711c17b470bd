#pragma once

#include "authd/store/journal.h"
#include "tests/unit/store_fixture.h"

/* A journal in a directory of its own, of records that can be told apart. Failures end the test. */
#define JOURNAL_FIXTURE_SEGMENT ((size_t)64 << 10)

struct journal_box {
    struct store_directory directory;
    struct journal *journal;
};

void journal_fixture_make(struct journal_box *box);
void journal_fixture_open(struct journal_box *box);
enum err journal_fixture_try_open(struct journal_box *box);
void journal_fixture_close(struct journal_box *box);
void journal_fixture_remove(struct journal_box *box);

/* The payload of record ${number}: its length and content follow from it. */
struct bytes journal_fixture_payload(uint64_t number, uint8_t memory[static JOURNAL_PAYLOAD_MAX]);
/* Appends records ${first} to ${last}, one a batch. */
void journal_fixture_append(struct journal_box *box, uint64_t first, uint64_t last);
/* Appends them as one batch: the journal must not have been started; it is closed after it. */
void journal_fixture_append_batch(struct journal_box *box, uint64_t first, uint64_t last);

/* Requires the records 1 to ${last}, and no other, and the tree over them. */
void journal_fixture_require(struct journal_box *box, uint64_t last);
uint64_t journal_fixture_size(struct journal_box *box);

/* The path of the segment that begins with ${first}. */
struct journal_path {
    char text[192];
};
struct journal_path journal_fixture_segment(const struct journal_box *box, uint64_t first);
