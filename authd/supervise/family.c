#include <string.h>

#include "authd/supervise/family.h"

const struct family_facts family_facts[FAMILY_KINDS] = {
    [FAMILY_HSM] = {"hsm", "hsm", "hsm-signer", "idcs-hsm"},
    [FAMILY_UNSEAL] = {"unseal", "unseal", "authd-unseal", "idcs-unseal"},
    [FAMILY_PLUGIN] = {"plugin", "plugin", "authd-plugin", "idcs-plugin"},
    [FAMILY_NOTIFY] = {"notify", "notify", NULL, "idcs-notify"},
    [FAMILY_CORE] = {"core", "core", "authd-core", "idcs-core"},
    [FAMILY_PROVD] = {"provd", "provd", "provd", "idcs-prov"},
    [FAMILY_EDGE] = {"edge", "edge", "authd-edge", "idcs-edge"},
};

static void add_pair(struct family *family, size_t left, size_t right, unsigned lane) {
    family->pairs[family->pair_count++] =
        (struct family_pair){.members = {(uint16_t)left, (uint16_t)right}, .lane = (uint16_t)lane};
}

static size_t member_number(const struct family *family, enum family_kind kind, unsigned index) {
    size_t number = index;
    for (unsigned before = 0; before < (unsigned)kind; before++)
        number += family->counts[before];
    return number;
}

static void pair_lane(struct family *family, unsigned lane) {
    size_t core = member_number(family, FAMILY_CORE, 0);
    add_pair(family, core, member_number(family, FAMILY_EDGE, 0), lane);
    add_pair(family, core, member_number(family, FAMILY_UNSEAL, lane), lane);
    add_pair(family, core, member_number(family, FAMILY_NOTIFY, 0), lane);
    if (family->counts[FAMILY_PLUGIN] > 0)
        add_pair(family, core, member_number(family, FAMILY_PLUGIN, lane), lane);
    for (unsigned signer = 0; signer < family->signers; signer++)
        add_pair(family, core, member_number(family, FAMILY_HSM, signer), lane);
}

/* Officers' work never waits behind a programme's: provd has an unseal worker and a plug-in of its
 * own, the last ones. */
static void pair_provd(struct family *family) {
    size_t provd = member_number(family, FAMILY_PROVD, 0);
    add_pair(family, provd, member_number(family, FAMILY_CORE, 0), 0);
    add_pair(family, provd, member_number(family, FAMILY_UNSEAL, family->lanes), 0);
    if (family->counts[FAMILY_PLUGIN] > 0)
        add_pair(family, provd, member_number(family, FAMILY_PLUGIN, family->lanes), 0);
    for (unsigned signer = 0; signer < family->signers; signer++)
        add_pair(family, provd, member_number(family, FAMILY_HSM, signer), 0);
}

/* For TLS handshakes: each lane asks on its own, so that none waits for another's answer. */
static void pair_edge(struct family *family, unsigned lane) {
    size_t edge = member_number(family, FAMILY_EDGE, 0);
    for (unsigned signer = 0; signer < family->signers; signer++)
        add_pair(family, edge, member_number(family, FAMILY_HSM, signer), lane);
}

void family_make(uint16_t lanes, uint16_t signers, bool has_plugin, struct family *family) {
    *family = (struct family){.lanes = lanes, .signers = signers};
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++)
        family->counts[kind] = 1;
    family->counts[FAMILY_HSM] = signers;
    family->counts[FAMILY_UNSEAL] = (uint16_t)(lanes + 1);
    family->counts[FAMILY_PLUGIN] = has_plugin ? family->counts[FAMILY_UNSEAL] : 0;
    for (unsigned kind = 0; kind < FAMILY_KINDS; kind++)
        for (uint16_t index = 0; index < family->counts[kind]; index++)
            family->members[family->member_count++] =
                (struct family_member){.kind = (enum family_kind)kind, .index = index};
    for (unsigned lane = 0; lane < lanes; lane++)
        pair_lane(family, lane);
    for (unsigned lane = 0; lane < lanes; lane++)
        pair_edge(family, lane);
    pair_provd(family);
}

size_t family_find(const struct family *family, const char *role, uint16_t index) {
    for (size_t i = 0; i < family->member_count; i++) {
        const struct family_member *member = &family->members[i];
        if (member->index == index && strcmp(family_facts[member->kind].role, role) == 0)
            return i;
    }
    return FAMILY_MEMBERS_MAX;
}
