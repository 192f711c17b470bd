#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "authd/store/registry_row.h"
#include "tests/unit/pepper_box.h"

void pepper_box_open(struct pepper_box *box) {
    box->keys = store_fixture_keys(1);
    assert_int_equal(registry_open(&box->registry, box->directory.path, true, box->keys), ERR_OK);
}

void pepper_box_close(struct pepper_box *box) {
    registry_close(box->registry);
    record_keys_free(box->keys);
}

/* ---- what is in it ---- */

void pepper_box_text_of(char kind, unsigned number, char text[static IDENTITY_UIN_SIZE]) {
    (void)snprintf(text, IDENTITY_UIN_SIZE, "%c%09u", kind == 'u' ? '2' : '3', number % 1000);
}

void pepper_box_hash_of(const char *text, uint8_t hash[static 32]) {
    (void)crypto_generichash(hash, 32, (const uint8_t *)text, strlen(text), NULL, 0);
}

/* As a signer makes it with the pepper of this generation. */
static void key_of_hash(const uint8_t hash[static 32], uint16_t pepper,
                        uint8_t key[static IDENTITY_LOOKUP_BYTES]) {
    uint8_t secret[16] = {(uint8_t)pepper, 42};
    (void)crypto_generichash(key, IDENTITY_LOOKUP_BYTES, hash, 32, secret, sizeof secret);
}

struct registry_address pepper_box_address(char kind, unsigned number, uint16_t pepper) {
    struct registry_address address;
    char text[IDENTITY_UIN_SIZE];
    uint8_t hash[32];
    pepper_box_text_of(kind, number, text);
    pepper_box_hash_of(text, hash);
    key_of_hash(hash, pepper, address.lookup_key);
    return address;
}

struct alias pepper_box_vid_of(unsigned number, const uint8_t *person_key) {
    struct alias alias = {.type = ALIAS_PERPETUAL, .uses = number, .has_id_hash = true};
    char text[IDENTITY_UIN_SIZE];
    pepper_box_text_of('v', number, text);
    pepper_box_hash_of(text, alias.id_hash);
    alias.alias_id[0] = (uint8_t)number;
    memcpy(alias.lookup_key, person_key, sizeof alias.lookup_key);
    return alias;
}

void pepper_box_put_person(struct registry_batch *batch, unsigned number, uint16_t pepper) {
    struct identity identity = {.birth_year = 1980};
    struct registry_address uin = pepper_box_address('u', number, pepper),
                            vid = pepper_box_address('v', number, pepper);
    struct alias alias = pepper_box_vid_of(number, uin.lookup_key);
    pepper_box_text_of('u', number, identity.uin);
    alias.pepper = pepper;
    registry_put_identity(batch, uin.lookup_key, &identity);
    registry_put_alias(batch, vid.lookup_key, &alias);
}

void pepper_box_commit(struct registry_batch *batch) {
    uint64_t sequence;
    assert_int_equal(registry_commit(batch, &sequence), ERR_OK);
}

void pepper_box_fill(const struct pepper_box *box) {
    struct registry_batch batch = registry_begin(box->registry);
    for (unsigned i = 0; i < PEPPER_BOX_PEOPLE; i++)
        pepper_box_put_person(&batch, i, 1);
    pepper_box_commit(&batch);
}

void pepper_box_begin(const struct pepper_box *box, uint16_t oldest, uint16_t to) {
    struct registry_batch batch = registry_begin(box->registry);
    registry_pepper_begin(&batch, oldest, to);
    pepper_box_commit(&batch);
}

void pepper_box_assert_found(const struct pepper_box *box, unsigned number, uint16_t pepper,
                             uint16_t from, uint16_t to) {
    const struct registry_address expected = pepper_box_address('u', number, pepper);
    const struct registry_address uins[] = {pepper_box_address('u', number, to),
                                            pepper_box_address('u', number, from)};
    const struct registry_address vids[] = {pepper_box_address('v', number, to),
                                            pepper_box_address('v', number, from)};
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    struct alias alias;
    IDENTITY_CLEANUP struct identity *identity = NULL;
    assert_int_equal(registry_find_person(box->registry, uins, 2, person_key), ERR_OK);
    assert_memory_equal(person_key, expected.lookup_key, sizeof person_key);
    assert_int_equal(registry_identity(box->registry, person_key, &identity), ERR_OK);
    assert_int_equal(registry_find_alias(box->registry, vids, 2, &alias), ERR_OK);
    assert_int_equal(alias.uses, number);
    assert_memory_equal(alias.lookup_key, expected.lookup_key, sizeof alias.lookup_key);
}

void pepper_box_assert_all_found(const struct pepper_box *box, uint16_t from, uint16_t to) {
    for (unsigned i = 0; i < PEPPER_BOX_PEOPLE; i++)
        pepper_box_assert_found(box, i, 1, from, to);
}

/* ---- how far it is ---- */

struct registry_pepper pepper_box_now(const struct pepper_box *box) {
    struct registry_pepper pepper;
    assert_int_equal(registry_pepper_get(box->registry, &pepper), ERR_OK);
    return pepper;
}

struct walk {
    const struct pepper_box *box;
    struct pepper_count count;
};

static enum err count_row(void *context, struct bytes key, struct bytes sealed) {
    struct walk *walk = context;
    struct pepper_count *count = &walk->count;
    struct alias alias;
    REGISTRY_ROW(row);
    enum err err = registry_row_open(walk->box->registry, REGISTRY_ALIASES, key, sealed, &row);
    if (err == ERR_OK)
        err = alias_decode(secret_view(&row.plain), &alias);
    if (err != ERR_OK) {
        count->damaged++;
        return ERR_OK;
    }
    count->vids += alias.pepper == count->pepper && alias_is_vid(&alias);
    count->uins += alias.pepper == count->pepper && !alias_is_vid(&alias);
    return ERR_OK;
}

struct pepper_count pepper_box_aliases_of(const struct pepper_box *box, uint16_t pepper) {
    struct walk walk = {.box = box, .count.pepper = pepper};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(box->registry));
    assert_int_equal(kv_each(&txn, REGISTRY_ALIASES, bytes_of(NULL, 0), count_row, &walk), ERR_OK);
    return walk.count;
}

void pepper_box_find_targets(struct registry_pepper_step *step) {
    for (size_t i = 0; i < step->count; i++) {
        struct registry_pepper_row *row = &step->rows[i];
        if (row->uin[0] != '\0')
            pepper_box_hash_of(row->uin, row->id_hash);
        key_of_hash(row->id_hash, step->before.to, row->target);
        row->has_target = true;
    }
}
