#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/cast.h"

#define PROGRAMMES_MAX 64

struct programme {
    struct kit_partner partner;
    struct jose_party party;
    bool serves[MIX_KINDS];
    struct cast_pair *first, **last; /* free pairs */
    struct cast_pair *pairs;
};

struct cast {
    const json_t *jwks;
    struct devices devices;
    size_t people, programme_count;
    unsigned turn[MIX_KINDS];
    struct programme programmes[PROGRAMMES_MAX];
};

static enum err complain(enum err result, const char *what, const char *subject) {
    fprintf(stderr, "idcs-load: %s: %s\n", what, subject);
    return result;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static bool plays(const json_t *person) {
    return strcmp(text_of(person, "note"), "ordinary") == 0;
}

static bool may_serve(const json_t *partner, enum mix_kind kind) {
    const char *const *needs = mix_facts[kind].needs;
    for (unsigned i = 0; i < sizeof mix_facts[kind].needs / sizeof *needs; i++)
        if (needs[i] != NULL && !kit_partner_may(partner, needs[i]))
            return false;
    return true;
}

static size_t count_people(const struct kit *kit) {
    size_t index, count = 0;
    json_t *person;
    json_array_foreach(json_object_get(kit->document, "people"), index, person) {
        count += plays(person);
    }
    return count;
}

static enum err pair_with_everyone(const struct cast *cast, struct programme *programme,
                                   const struct kit *kit) {
    size_t index, count = 0;
    json_t *person;
    programme->pairs = calloc(cast->people, sizeof *programme->pairs);
    programme->last = &programme->first;
    if (programme->pairs == NULL)
        return ERR_FULL;
    json_array_foreach(json_object_get(kit->document, "people"), index, person) {
        if (!plays(person))
            continue;
        struct cast_pair *pair = &programme->pairs[count++];
        *pair = (struct cast_pair){.person = person,
                                   .individual_id = text_of(person, "individualId"),
                                   .individual_id_type = text_of(person, "individualIdType"),
                                   .partner = &programme->partner,
                                   .party = cast->jwks != NULL ? &programme->party : NULL,
                                   .devices = &cast->devices,
                                   .programme = (unsigned)cast->programme_count};
        *programme->last = pair;
        programme->last = &pair->next;
    }
    return ERR_OK;
}

static enum err add_programme(struct cast *cast, const struct kit *kit, const json_t *entry,
                              const struct mix *mix) {
    struct programme *programme = &cast->programmes[cast->programme_count];
    bool serves = false;
    for (unsigned kind = 0; kind < MIX_KINDS; kind++) {
        programme->serves[kind] = mix->weights[kind] > 0 && may_serve(entry, (enum mix_kind)kind);
        serves = serves || programme->serves[kind];
    }
    if (!serves || !kit_partner_usable(entry))
        return ERR_OK;
    ERR_TRY(kit_partner_open(kit, text_of(entry, "id"), &programme->partner));
    if (cast->jwks != NULL)
        ERR_TRY(jose_party_open(kit, &programme->partner, cast->jwks, &programme->party));
    ERR_TRY(pair_with_everyone(cast, programme, kit));
    cast->programme_count++;
    return ERR_OK;
}

static bool is_served(const struct cast *cast, unsigned kind) {
    for (size_t i = 0; i < cast->programme_count; i++)
        if (cast->programmes[i].serves[kind])
            return true;
    return false;
}

static enum err fill(struct cast *cast, const struct kit *kit, const struct mix *mix) {
    size_t index;
    json_t *entry;
    ERR_TRY(devices_open(&cast->devices, kit, mix_calls(mix, CALL_AUTH_FINGER), false));
    cast->people = count_people(kit);
    if (cast->people == 0)
        return complain(ERR_NOT_FOUND, "the kit has no person for this", "note \"ordinary\"");
    json_array_foreach(json_object_get(kit->document, "partners"), index, entry) {
        if (cast->programme_count < PROGRAMMES_MAX)
            ERR_TRY(add_programme(cast, kit, entry, mix));
    }
    for (unsigned kind = 0; kind < MIX_KINDS; kind++)
        if (mix->weights[kind] > 0 && !is_served(cast, kind))
            return complain(ERR_NOT_FOUND, "no programme of the kit may serve this mix",
                            mix_facts[kind].name);
    return ERR_OK;
}

enum err cast_open(struct cast **cast, const struct kit *kit, const json_t *jwks,
                   const struct mix *mix) {
    *cast = calloc(1, sizeof **cast);
    if (*cast == NULL)
        return ERR_FULL;
    (*cast)->jwks = jwks;
    enum err result = fill(*cast, kit, mix);
    if (result != ERR_OK) {
        cast_close(*cast);
        *cast = NULL;
    }
    return result;
}

void cast_close(struct cast *cast) {
    if (cast == NULL)
        return;
    for (size_t i = 0; i < PROGRAMMES_MAX; i++) {
        jose_party_close(&cast->programmes[i].party);
        kit_partner_close(&cast->programmes[i].partner);
        free(cast->programmes[i].pairs);
    }
    devices_close(&cast->devices);
    free(cast);
}

size_t cast_people(const struct cast *cast) {
    return cast->people;
}

size_t cast_programmes(const struct cast *cast) {
    return cast->programme_count;
}

size_t cast_room(const struct cast *cast) {
    return cast->people * cast->programme_count;
}

struct cast_pair *cast_take(struct cast *cast, enum mix_kind kind) {
    for (size_t tried = 0; tried < cast->programme_count; tried++) {
        struct programme *programme =
            &cast->programmes[cast->turn[kind]++ % (unsigned)cast->programme_count];
        struct cast_pair *pair = programme->first;
        if (!programme->serves[kind] || pair == NULL)
            continue;
        programme->first = pair->next;
        if (programme->first == NULL)
            programme->last = &programme->first;
        pair->next = NULL;
        return pair;
    }
    return NULL;
}

void cast_give(struct cast *cast, struct cast_pair *pair) {
    struct programme *programme = &cast->programmes[pair->programme];
    *programme->last = pair;
    programme->last = &pair->next;
}
