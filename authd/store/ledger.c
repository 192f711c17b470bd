#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/log.h"
#include "authd/store/ledger_state.h"

#define KEY_BYTES_LEAST crypto_generichash_KEYBYTES_MIN
#define KEY_BYTES_MOST  crypto_generichash_KEYBYTES_MAX

_Static_assert(LEDGER_KEY_BYTES >= crypto_generichash_BYTES_MIN, "a hash of this length exists");

static void release(struct ledger *ledger) {
    kv_close(ledger->file);
    ledger_table_close(&ledger->table);
    ledger_state_clear(&ledger->waiting);
    secret_free(&ledger->key);
    (void)pthread_mutex_destroy(&ledger->lock);
    free(ledger);
}

static void release_unfinished(struct ledger **ledger) {
    if (*ledger != NULL)
        release(*ledger);
}

enum err ledger_state_push(struct ledger_rows *rows, const struct ledger_row *row) {
    if (rows->count == rows->room) {
        size_t room = rows->room == 0 ? 256 : rows->room * 2;
        struct ledger_row *grown = reallocarray(rows->rows, room, sizeof *grown);
        if (grown == NULL)
            return ERR_SYSTEM;
        rows->rows = grown;
        rows->room = room;
    }
    rows->rows[rows->count++] = *row;
    return ERR_OK;
}

void ledger_state_clear(struct ledger_rows *rows) {
    free(rows->rows);
    *rows = (struct ledger_rows){0};
}

enum err ledger_open(struct ledger **ledger, const struct ledger_options *options) {
    *ledger = NULL;
    if (sodium_init() < 0)
        return ERR_SYSTEM;
    __attribute__((cleanup(release_unfinished))) struct ledger *made = calloc(1, sizeof *made);
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0)
        return ERR_SYSTEM;
    made->journal = options->journal;
    memcpy(made->boot_id, options->boot_id, sizeof made->boot_id);
    ERR_TRY(ledger_table_open(&made->table, options->rows_max));
    ERR_TRY(ledger_file_open(&made->file, options->directory));
    ERR_TRY(kv_reader_check(made->file)); /* of the process before this one, if it was killed */
    ERR_TRY(ledger_load(made));
    made->settled_boot_ms = clock_boot_ms();
    journal_on_durable(made->journal, ledger_settle_durable, made);
    *ledger = made;
    made = NULL;
    return ERR_OK;
}

void ledger_close(struct ledger *ledger) {
    if (ledger == NULL)
        return;
    /* Not needed, the journal has it all: it makes the next start short. A failure is logged. */
    (void)!ledger_settle_all(ledger);
    release(ledger);
}

enum err ledger_set_key(struct ledger *ledger, struct bytes secret_key) {
    if (secret_key.len < KEY_BYTES_LEAST || secret_key.len > KEY_BYTES_MOST)
        return ERR_MALFORMED;
    enum err err = ERR_EXISTS;
    (void)pthread_mutex_lock(&ledger->lock);
    if (!atomic_load(&ledger->keyed))
        err = secret_copy(&ledger->key, secret_key);
    if (err == ERR_OK)
        atomic_store(&ledger->keyed, true);
    (void)pthread_mutex_unlock(&ledger->lock);
    return err;
}

static void hash_block(crypto_generichash_state *state, struct bytes block) {
    uint8_t memory[4];
    struct buffer len = buffer_over(memory, sizeof memory);
    buffer_u32(&len, (uint32_t)block.len);
    (void)crypto_generichash_update(state, memory, sizeof memory);
    (void)crypto_generichash_update(state, block.data, block.len);
}

void ledger_row_key(const struct ledger *ledger, const char *kind, const struct bytes *parts,
                    size_t part_count, uint8_t key[static LEDGER_KEY_BYTES]) {
    memset(key, 0, LEDGER_KEY_BYTES);
    if (!atomic_load(&ledger->keyed))
        return;
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, ledger->key.data, ledger->key.len, LEDGER_KEY_BYTES);
    hash_block(&state, bytes_of_text(kind));
    for (size_t i = 0; i < part_count; i++)
        hash_block(&state, parts[i]);
    (void)crypto_generichash_final(&state, key, LEDGER_KEY_BYTES);
    secret_wipe(&state, sizeof state);
}

static enum err copy_row(const struct ledger_row *row, uint8_t *value, size_t *len, uint32_t *count,
                         int64_t *remaining_ms) {
    struct ledger_time now = ledger_row_now();
    if (row == NULL || ledger_row_expired(row, now))
        return ERR_NOT_FOUND;
    memcpy(value, row->value, LEDGER_VALUE_MAX);
    *len = row->value_len;
    *count = row->count;
    *remaining_ms = ledger_row_remaining_ms(row, now);
    return ERR_OK;
}

enum err ledger_read(struct ledger *ledger, const uint8_t key[static LEDGER_KEY_BYTES],
                     uint8_t *value, size_t *len, uint32_t *count, int64_t *remaining_ms) {
    memset(value, 0, LEDGER_VALUE_MAX);
    *len = 0;
    *count = 0;
    *remaining_ms = 0;
    if (!atomic_load(&ledger->keyed))
        return ERR_UNAVAILABLE;
    (void)pthread_mutex_lock(&ledger->lock);
    enum err err =
        copy_row(ledger_table_find(&ledger->table, key), value, len, count, remaining_ms);
    (void)pthread_mutex_unlock(&ledger->lock);
    return err;
}

struct kv *ledger_kv(struct ledger *ledger) {
    return ledger->file;
}

enum err ledger_sequence(struct ledger *ledger, uint64_t *applied_journal_sequence) {
    *applied_journal_sequence = atomic_load(&ledger->applied);
    return ERR_OK;
}
