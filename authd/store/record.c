#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "authd/store/record.h"

#define FORMAT        1
#define HEADER_BYTES  (1 + 2 + 8)
#define NONCE_BYTES   crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES     crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SUBKEY_BYTES  crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define KEY_BYTES_MAX 512 /* of a row, as LMDB has it */

_Static_assert(RECORD_OVERHEAD == HEADER_BYTES + NONCE_BYTES + TAG_BYTES, "the layout of record.h");
_Static_assert(RECORD_ROOT_BYTES == crypto_kdf_KEYBYTES, "a root is a crypto_kdf key");
_Static_assert(RECORD_ROOT_BYTES >= crypto_generichash_blake2b_KEYBYTES_MIN &&
                   RECORD_ROOT_BYTES <= crypto_generichash_blake2b_KEYBYTES_MAX,
               "a root is a BLAKE2b key");

struct generation {
    uint16_t number;
    struct secret root;
};

/* A generation is written before ${count} covers it and never changes after: readers take no lock.
 */
struct record_keys {
    pthread_mutex_t adding;
    atomic_size_t count;
    struct generation generations[RECORD_GENERATIONS];
};

enum err record_keys_new(struct record_keys **keys) {
    *keys = NULL;
    if (sodium_init() < 0)
        return ERR_SYSTEM;
    struct record_keys *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    if (pthread_mutex_init(&made->adding, NULL) != 0) {
        free(made);
        return ERR_SYSTEM;
    }
    *keys = made;
    return ERR_OK;
}

void record_keys_free(struct record_keys *keys) {
    if (keys == NULL)
        return;
    size_t count = atomic_load(&keys->count);
    for (size_t i = 0; i < count; i++)
        secret_free(&keys->generations[i].root);
    (void)pthread_mutex_destroy(&keys->adding);
    free(keys);
}

static const struct generation *find(const struct record_keys *keys, uint16_t number) {
    size_t count = atomic_load_explicit(&keys->count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        if (keys->generations[i].number == number)
            return &keys->generations[i];
    return NULL;
}

static enum err add_locked(struct record_keys *keys, uint16_t number, struct bytes root) {
    size_t count = atomic_load(&keys->count);
    if (find(keys, number) != NULL)
        return ERR_EXISTS;
    if (count == RECORD_GENERATIONS)
        return ERR_FULL;
    struct generation *added = &keys->generations[count];
    ERR_TRY(secret_copy(&added->root, root));
    added->number = number;
    atomic_store_explicit(&keys->count, count + 1, memory_order_release);
    return ERR_OK;
}

enum err record_keys_add(struct record_keys *keys, uint16_t generation, struct bytes root) {
    if (generation == 0 || root.len != RECORD_ROOT_BYTES)
        return ERR_MALFORMED;
    (void)pthread_mutex_lock(&keys->adding);
    enum err err = add_locked(keys, generation, root);
    (void)pthread_mutex_unlock(&keys->adding);
    return err;
}

enum err record_keys_find(const struct record_keys *keys, uint16_t generation) {
    return find(keys, generation) != NULL ? ERR_OK : ERR_NOT_FOUND;
}

enum err record_keys_newest(const struct record_keys *keys, uint16_t *generation) {
    *generation = 0;
    size_t count = atomic_load_explicit(&keys->count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        if (keys->generations[i].number > *generation)
            *generation = keys->generations[i].number;
    return *generation != 0 ? ERR_OK : ERR_NOT_FOUND;
}

enum err record_keys_derive(const struct record_keys *keys, uint16_t generation, const char *use,
                            struct secret *key) {
    /* Keeps these keys apart from the subkeys of rows, which crypto_kdf derives. */
    static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "idcs key for use";
    const struct generation *from = find(keys, generation);
    if (from == NULL)
        return ERR_NOT_FOUND;
    ERR_TRY(secret_new(key, SUBKEY_BYTES));
    if (crypto_generichash_blake2b_salt_personal(key->data, key->len, (const uint8_t *)use,
                                                 strlen(use), from->root.data, from->root.len, NULL,
                                                 personal) == 0)
        return ERR_OK;
    secret_free(key);
    return ERR_CRYPTO;
}

/* The first 12 bits of the row's key: few enough to re-derive, many enough to bound a key's use. */
static uint64_t shard_of(struct bytes key) {
    unsigned first = key.len > 0 ? key.data[0] : 0;
    unsigned second = key.len > 1 ? key.data[1] : 0;
    return first << 4 | second >> 4;
}

static enum err derive_subkey(const struct generation *generation, unsigned table, struct bytes key,
                              struct secret *subkey) {
    char use[crypto_kdf_CONTEXTBYTES] = {'i', 'd', 'c', 's', 'r', 'o', 'w', (char)table};
    ERR_TRY(secret_new(subkey, SUBKEY_BYTES));
    if (crypto_kdf_derive_from_key(subkey->data, subkey->len, shard_of(key), use,
                                   generation->root.data) != 0)
        return ERR_CRYPTO;
    return ERR_OK;
}

/* What the row is bound to: its place and its header. */
struct place {
    uint8_t memory[4 + HEADER_BYTES + KEY_BYTES_MAX];
    struct bytes view;
};

static enum err describe_place(unsigned table, struct bytes header, struct bytes key,
                               struct place *place) {
    struct buffer target = buffer_over(place->memory, sizeof place->memory);
    buffer_u32(&target, table);
    buffer_raw(&target, header.data, header.len);
    buffer_raw(&target, key.data, key.len);
    return buffer_end(&target, &place->view);
}

static enum err sealing_generation(const struct record_keys *keys,
                                   const struct generation **generation) {
    uint16_t number;
    ERR_TRY(record_keys_newest(keys, &number));
    *generation = find(keys, number);
    return *generation != NULL ? ERR_OK : ERR_NOT_FOUND;
}

enum err record_seal(const struct record_keys *keys, unsigned table, struct bytes key,
                     uint64_t version, struct bytes plain, struct buffer *sealed) {
    const struct generation *generation;
    ERR_TRY(sealing_generation(keys, &generation));
    if (table > UINT8_MAX)
        return ERR_MALFORMED;
    if (sealed->err != ERR_OK)
        return sealed->err;
    if (sealed->size - sealed->len < RECORD_OVERHEAD ||
        plain.len > sealed->size - sealed->len - RECORD_OVERHEAD)
        return sealed->err = ERR_FULL;

    uint8_t *start = sealed->data + sealed->len;
    uint8_t nonce[NONCE_BYTES];
    randombytes_buf(nonce, sizeof nonce);
    struct buffer target = buffer_over(start, HEADER_BYTES + NONCE_BYTES);
    buffer_u8(&target, FORMAT);
    buffer_u16(&target, generation->number);
    buffer_u64(&target, version);
    buffer_raw(&target, nonce, sizeof nonce);
    struct bytes front;
    ERR_TRY(buffer_end(&target, &front));

    struct place place;
    SECRET(subkey);
    ERR_TRY(describe_place(table, bytes_of(start, HEADER_BYTES), key, &place));
    ERR_TRY(derive_subkey(generation, table, key, &subkey));
    unsigned long long len = 0;
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(start + front.len, &len, plain.data, plain.len,
                                                   place.view.data, place.view.len, NULL, nonce,
                                                   subkey.data) != 0)
        return ERR_CRYPTO;
    sealed->len += front.len + (size_t)len;
    return ERR_OK;
}

enum err record_open(const struct record_keys *keys, unsigned table, struct bytes key,
                     struct bytes sealed, struct secret *plain, uint64_t *version) {
    *version = 0;
    *plain = (struct secret){0};
    struct cursor cursor = cursor_over(sealed);
    uint8_t format = cursor_u8(&cursor);
    uint16_t number = cursor_u16(&cursor);
    uint64_t sealed_version = cursor_u64(&cursor);
    struct bytes nonce = cursor_take(&cursor, NONCE_BYTES);
    if (cursor.err != ERR_OK || cursor.left < TAG_BYTES || format != FORMAT || table > UINT8_MAX)
        return ERR_CORRUPT;
    const struct generation *generation = find(keys, number);
    if (generation == NULL)
        return ERR_NOT_FOUND;

    struct place place;
    SECRET(subkey);
    SECRET(opened);
    ERR_TRY(describe_place(table, bytes_of(sealed.data, HEADER_BYTES), key, &place));
    ERR_TRY(derive_subkey(generation, table, key, &subkey));
    ERR_TRY(secret_new(&opened, cursor.left - TAG_BYTES));
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened.data, NULL, NULL, cursor.at, cursor.left,
                                                   place.view.data, place.view.len, nonce.data,
                                                   subkey.data) != 0)
        return ERR_CORRUPT;
    *plain = opened;
    opened = (struct secret){0};
    *version = sealed_version;
    return ERR_OK;
}

uint16_t record_generation(struct bytes sealed) {
    struct cursor cursor = cursor_over(sealed);
    (void)cursor_u8(&cursor);
    uint16_t generation = cursor_u16(&cursor);
    return cursor.err == ERR_OK ? generation : 0;
}
