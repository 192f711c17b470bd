#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "authd/store/registry_row.h"

/* Address space, for 40 million people with a photo of 20 KiB each; where a process has less, as
 * much as there is. */
#define MAP_BYTES_MOST  ((size_t)1 << 40)
#define MAP_BYTES_LEAST ((size_t)1 << 35)
#define FORMAT          1
#define FILE_MODE       0640

const char *const registry_tables[REGISTRY_TABLE_COUNT] = {
    [REGISTRY_META] = "meta",
    [REGISTRY_ROOTS] = "roots",
    [REGISTRY_IDENTITIES] = "identity",
    [REGISTRY_ALIASES] = "alias",
    [REGISTRY_PARTNERS] = "partner",
    [REGISTRY_API_KEYS] = "api-key",
    [REGISTRY_POLICIES] = "policy",
    [REGISTRY_MISPS] = "misp",
    [REGISTRY_TRUST] = "trust",
    [REGISTRY_SALTS] = "salt",
    [REGISTRY_SETTINGS] = "settings",
    [REGISTRY_HOTLIST] = "hotlist",
    [REGISTRY_BY_PHONE] = "by-phone",
    [REGISTRY_BY_NAME] = "by-name",
    [REGISTRY_PHOTOS] = "photo",
    [REGISTRY_JOSE_CLIENTS] = "jose-client",
    [REGISTRY_BIOMETRICS] = "biometric",
};

static void close_registry(struct registry **registry) {
    registry_close(*registry);
}

/* Writes the format into an empty registry; refuses one that is not ours to read. */
static enum err settle_format(struct registry *registry) {
    struct bytes key = bytes_of_text("format"), stored;
    uint8_t memory[2];
    KV_TXN_CLEANUP struct kv_txn txn =
        registry->writer ? kv_write(registry->kv) : kv_read(registry->kv);
    enum err err = kv_get(&txn, REGISTRY_META, key, &stored);
    if (err == ERR_NOT_FOUND && registry->writer) {
        struct buffer target = buffer_over(memory, sizeof memory);
        buffer_u16(&target, FORMAT);
        kv_put(&txn, REGISTRY_META, key, bytes_of(memory, sizeof memory));
        return kv_commit(&txn);
    }
    ERR_TRY(err);
    struct cursor cursor = cursor_over(stored);
    uint16_t format = cursor_u16(&cursor);
    if (cursor_end(&cursor) == ERR_OK && format == FORMAT)
        return ERR_OK;
    log_event(LOG_ERROR, "registry-format-unknown", "format=%u known=%u", format, FORMAT);
    return ERR_CORRUPT;
}

static enum err open_files(struct registry *registry, const char *directory) {
    struct kv_options options = {.path = directory,
                                 .map_bytes = MAP_BYTES_MOST,
                                 .tables = registry_tables,
                                 .table_count = REGISTRY_TABLE_COUNT,
                                 .read_only = !registry->writer,
                                 .file_mode = FILE_MODE};
    enum err err = kv_open(&registry->kv, &options);
    while (err == ERR_SYSTEM && errno == ENOMEM && options.map_bytes > MAP_BYTES_LEAST) {
        options.map_bytes /= 2;
        err = kv_open(&registry->kv, &options);
    }
    return err;
}

enum err registry_open(struct registry **registry, const char *directory, bool writer,
                       const struct record_keys *record_keys) {
    *registry = NULL;
    if (sodium_init() < 0)
        return ERR_SYSTEM;
    __attribute__((cleanup(close_registry))) struct registry *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    *made = (struct registry){.record_keys = record_keys, .writer = writer};
    ERR_TRY(open_files(made, directory));
    /* A reader that was killed keeps pages from being used again. */
    ERR_TRY(kv_reader_check(made->kv));
    ERR_TRY(settle_format(made));
    *registry = made;
    made = NULL;
    return ERR_OK;
}

void registry_close(struct registry *registry) {
    if (registry == NULL)
        return;
    kv_close(registry->kv);
    free(registry);
}

struct kv *registry_kv(struct registry *registry) {
    return registry->kv;
}

enum err registry_sequence(struct registry *registry, uint64_t *sequence) {
    *sequence = 0;
    struct bytes stored;
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    enum err err = kv_get(&txn, REGISTRY_META, bytes_of_text("sequence"), &stored);
    if (err == ERR_NOT_FOUND)
        return ERR_OK; /* nothing has been committed yet */
    ERR_TRY(err);
    struct cursor cursor = cursor_over(stored);
    *sequence = cursor_u64(&cursor);
    return cursor_end(&cursor) == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

struct root_visit {
    enum err (*each)(void *context, uint16_t generation, struct bytes wrapped);
    void *context;
};

static enum err visit_root(void *context, struct bytes key, struct bytes value) {
    const struct root_visit *visit = context;
    struct cursor cursor = cursor_over(key);
    uint16_t generation = cursor_u16(&cursor);
    if (cursor_end(&cursor) != ERR_OK)
        return ERR_CORRUPT;
    return visit->each(visit->context, generation, value);
}

enum err registry_each_root(struct registry *registry,
                            enum err (*each)(void *context, uint16_t generation,
                                             struct bytes wrapped),
                            void *context) {
    struct root_visit visit = {.each = each, .context = context};
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry->kv);
    return kv_each(&txn, REGISTRY_ROOTS, bytes_of(NULL, 0), visit_root, &visit);
}
