#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/kv.h"

/*
 * Flips one bit in the value of every row of one table of an LMDB environment; a second run flips
 * it back. Which bit follows from the row's key, so that headers, ciphertext and tags are all met.
 */
#define MAP_BYTES ((size_t)128 << 30)
#define FILE_MODE 0640
#define ROWS_MAX  4096
#define KEY_MAX   511

static struct row {
    uint8_t key[KEY_MAX];
    size_t key_len;
    uint8_t *value;
    size_t value_len;
} rows[ROWS_MAX];
static size_t row_count;

static enum err take_row(void *context, struct bytes key, struct bytes value) {
    (void)context;
    if (row_count == ROWS_MAX || key.len > KEY_MAX)
        return ERR_FULL;
    struct row *row = &rows[row_count++];
    row->value = malloc(value.len + 1);
    if (row->value == NULL)
        return ERR_SYSTEM;
    memcpy(row->key, key.data, key.len);
    memcpy(row->value, value.data, value.len);
    row->key_len = key.len;
    row->value_len = value.len;
    return ERR_OK;
}

static void flip(struct row *row) {
    size_t at = row->key_len;
    for (size_t i = 0; i < row->key_len; i++)
        at = at * 31 + row->key[i];
    if (row->value_len > 0)
        row->value[at / 8 % row->value_len] ^= (uint8_t)(1u << at % 8);
}

static enum err flip_all(const char *directory, const char *table) {
    const struct kv_options options = {.path = directory,
                                       .map_bytes = MAP_BYTES,
                                       .tables = &table,
                                       .table_count = 1,
                                       .file_mode = FILE_MODE};
    struct kv *kv = NULL;
    ERR_TRY(kv_open(&kv, &options));
    struct kv_txn txn = kv_write(kv);
    enum err result = kv_each(&txn, 0, bytes_of(NULL, 0), take_row, NULL);
    for (size_t i = 0; result == ERR_OK && i < row_count; i++) {
        flip(&rows[i]);
        kv_put(&txn, 0, bytes_of(rows[i].key, rows[i].key_len),
               bytes_of(rows[i].value, rows[i].value_len));
    }
    if (result == ERR_OK)
        result = kv_commit(&txn);
    kv_abort(&txn);
    kv_close(kv);
    return result;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: flip_row ENVIRONMENT-DIRECTORY TABLE\n", stderr);
        return 2;
    }
    enum err result = flip_all(argv[1], argv[2]);
    for (size_t i = 0; i < row_count; i++)
        free(rows[i].value);
    if (result != ERR_OK) {
        fprintf(stderr, "flip_row: %s\n", err_text(result));
        return 1;
    }
    printf("%zu\n", row_count);
    return 0;
}
