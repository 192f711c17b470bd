#pragma once

#include "authd/core/lane.h"
#include "authd/core/peers.h"
#include "hsm/wire.h"
#include "tests/unit/core_fixture.h"

/*
 * A lane of core with a real registry, ledger and journal, between peers that the test plays over
 * the sockets that authd would make. Each of the peers' answers can be as it should be, late, or
 * anything else. Failures end the test.
 *
 * People have the numbers 1 to LANE_PEOPLE; number n is found by the lookup key n, 0, 0… Two
 * programmes, with one key, have policies that allow codes and declarations.
 */
#define LANE_PEOPLE      8
#define LANE_FIRST       "tayssir"
#define LANE_SECOND      "daam"
#define LANE_SALT        "a salt"
#define LANE_PATIENCE_MS 60000

enum lane_party {
    PARTY_EDGE,
    PARTY_UNSEAL,
    PARTY_NOTIFIER,
    PARTY_SIGNER,       /* number 1, the lane's own */
    PARTY_OTHER_SIGNER, /* number 0 */
    PARTY_PLUGIN,       /* has not said hello */
    PARTY_COUNT
};

struct lane_box {
    struct core_box box;
    struct core *core; /* of the box */
    struct store_directory registry_directory;
    struct boot boot;
    struct lane lanes[2]; /* the first is a mailbox alone */
    struct lane *lane;    /* the second */
    int test_ends[PARTY_COUNT], core_ends[PARTY_COUNT];
    uint64_t next_edge_id;
};

/* ${settings} as in core_fixture_make. Both signers and the notifier have said hello. */
void lane_fixture_make(struct lane_box *box, const char *settings);
void lane_fixture_remove(struct lane_box *box);
/* Core is killed and its successor starts: the sockets with what is in them, and the stores, are
 * all that is left. The signers and the notifier say hello to it. */
void lane_fixture_succeed(struct lane_box *box);

/* Turns the lane until it has taken everything that was sent to it. */
void lane_fixture_turn(struct lane_box *box);
/* The next frame for ${party}, which must be of this type; its payload is good until the next
 * call. */
struct frame lane_fixture_receive(struct lane_box *box, enum lane_party party, uint16_t type);
/* Whether the lane, having taken everything, has nothing to say to ${party}. */
bool lane_fixture_is_silent(struct lane_box *box, enum lane_party party);
void lane_fixture_send(struct lane_box *box, enum lane_party party, const struct frame *frame);
void lane_fixture_hello(struct lane_box *box, enum lane_party signer, uint8_t process);
void lane_fixture_notifier_hello(struct lane_box *box, uint8_t process);
/* The number of requests that wait at ${step}. */
unsigned lane_fixture_waiting(const struct lane_box *box, enum step step);
/* No request is left in the lane. */
void lane_fixture_expect_idle(const struct lane_box *box);

/* The number by which a programme knows the person. */
void lane_fixture_identifier(unsigned person, char text[static IDENTIFIER_UIN_DIGITS + 1]);

/* What a programme sends about a person: a request for a code, or with ${code} an authentication.
 */
struct lane_post {
    const char *programme, *transaction, *code;
    unsigned person;
};
/* Edge hands it to the lane; gives the frame's id. */
uint64_t lane_fixture_post(struct lane_box *box, const struct lane_post *post);
/* The same bytes once more. */
uint64_t lane_fixture_post_again(struct lane_box *box);
/* An event of lane 0 to the lane: a peer went down or is up again. */
void lane_fixture_peer_down(struct lane_box *box, enum lane_party party);
void lane_fixture_peer_up(struct lane_box *box, enum lane_party party);
/* Whether lane 0 was told once that ${party} is to be replaced; it has been told then. */
bool lane_fixture_was_reported(struct lane_box *box, enum lane_party party);
