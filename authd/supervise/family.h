#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which processes there are and which of them may talk: derived from three facts alone. A pair that
 * is not here does not exist, so nobody can be made to open it.
 */
#define FAMILY_LANES_MAX   16
#define FAMILY_SIGNERS_MAX 16
#define FAMILY_MEMBERS_MAX (2 * FAMILY_LANES_MAX + FAMILY_SIGNERS_MAX + 6)
#define FAMILY_PAIRS_MAX   (FAMILY_LANES_MAX * (4 + 2 * FAMILY_SIGNERS_MAX) + FAMILY_SIGNERS_MAX + 3)

/* In the order in which they start. */
enum family_kind {
    FAMILY_HSM,
    FAMILY_UNSEAL,
    FAMILY_PLUGIN, /* around a vendor's matcher: none, or as many as there are of unseal */
    FAMILY_NOTIFY,
    FAMILY_CORE,
    FAMILY_PROVD,
    FAMILY_EDGE,
    FAMILY_KINDS,
};

struct family_facts {
    const char *role;    /* "hsm", as its peers call it */
    const char *section; /* of the configuration */
    const char *program; /* "hsm-signer"; NULL: the notify-program of the configuration */
    const char *user;    /* the user it runs as unless the configuration names another */
};
extern const struct family_facts family_facts[FAMILY_KINDS];

struct family_member {
    enum family_kind kind;
    uint16_t index; /* among its kind */
};

/* A socket pair. Both ends know it by the same lane. */
struct family_pair {
    uint16_t members[2]; /* indexes of struct family.members */
    uint16_t lane;
};

struct family {
    uint16_t lanes, signers;
    uint16_t counts[FAMILY_KINDS];
    struct family_member members[FAMILY_MEMBERS_MAX];
    size_t member_count;
    struct family_pair pairs[FAMILY_PAIRS_MAX];
    size_t pair_count;
};

/* ${lanes} from 1 to FAMILY_LANES_MAX, ${signers} from 1 to FAMILY_SIGNERS_MAX. */
void family_make(uint16_t lanes, uint16_t signers, bool has_plugin, struct family *family);

/* The member's number; FAMILY_MEMBERS_MAX when there is none of that role and index. */
size_t family_find(const struct family *family, const char *role, uint16_t index);
