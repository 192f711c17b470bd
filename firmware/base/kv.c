#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "firmware/base/kv.h"

#define PATH_SIZE 4096

struct kv {
    MDB_env *env;
    bool read_only;
    bool drops_dead_readers;
    size_t table_count;
    MDB_dbi tables[KV_TABLES_MAX];
};

/* What LMDB says, in our words. A system error leaves its number in errno. */
static enum err error_of(int result) {
    static const struct {
        int result;
        enum err err;
    } map[] = {
        {MDB_SUCCESS, ERR_OK},
        {MDB_NOTFOUND, ERR_NOT_FOUND},
        {MDB_KEYEXIST, ERR_EXISTS},
        {MDB_MAP_FULL, ERR_FULL},
        {MDB_READERS_FULL, ERR_FULL},
        {MDB_TXN_FULL, ERR_FULL},
        {MDB_BAD_VALSIZE, ERR_TOO_LARGE},
        {MDB_CORRUPTED, ERR_CORRUPT},
        {MDB_PAGE_NOTFOUND, ERR_CORRUPT},
        {MDB_INVALID, ERR_CORRUPT},
        {MDB_VERSION_MISMATCH, ERR_CORRUPT},
        {MDB_PANIC, ERR_CORRUPT},
    };
    for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
        if (map[i].result == result)
            return map[i].err;
    if (result > 0)
        errno = result;
    return ERR_SYSTEM;
}

static void destroy_kv(struct kv **kv) {
    kv_close(*kv);
}

static void abort_handle(MDB_txn **handle) {
    if (*handle != NULL)
        mdb_txn_abort(*handle);
}

static enum err file_path(const char *directory, const char *name, char path[static PATH_SIZE]) {
    int len = snprintf(path, PATH_SIZE, "%s/%s", directory, name);
    return len > 0 && len < PATH_SIZE ? ERR_OK : ERR_TOO_LARGE;
}

/* A reader that came first would create lock.mdb as its own, and the writer could not open it. */
static enum err require_lock_file(const char *directory) {
    char path[PATH_SIZE];
    ERR_TRY(file_path(directory, "lock.mdb", path));
    if (access(path, F_OK) == 0)
        return ERR_OK;
    return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
}

/* Makes the mode independent of the umask. */
static enum err set_mode(const char *directory, const char *name, unsigned mode) {
    char path[PATH_SIZE];
    ERR_TRY(file_path(directory, name, path));
    struct stat status;
    if (stat(path, &status) != 0)
        return ERR_SYSTEM;
    if ((status.st_mode & 0777) == mode)
        return ERR_OK;
    return chmod(path, mode) == 0 ? ERR_OK : ERR_SYSTEM;
}

/* A reader takes its slot in lock.mdb: who may read the data must be able to write there. */
static enum err set_modes(const struct kv_options *options) {
    ERR_TRY(set_mode(options->path, "data.mdb", options->file_mode));
    return set_mode(options->path, "lock.mdb",
                    options->file_mode | (options->file_mode & 0444) >> 1);
}

static enum err open_tables(struct kv *kv, const struct kv_options *options) {
    __attribute__((cleanup(abort_handle))) MDB_txn *handle = NULL;
    ERR_TRY(error_of(mdb_txn_begin(kv->env, NULL, kv->read_only ? MDB_RDONLY : 0, &handle)));
    for (size_t i = 0; i < options->table_count; i++) {
        unsigned flags = kv->read_only ? 0 : MDB_CREATE;
        ERR_TRY(error_of(mdb_dbi_open(handle, options->tables[i], flags, &kv->tables[i])));
        kv->table_count++;
    }
    MDB_txn *last = handle;
    handle = NULL;
    return error_of(mdb_txn_commit(last));
}

static enum err open_environment(struct kv *kv, const struct kv_options *options) {
    unsigned flags = MDB_NORDAHEAD | MDB_NOTLS | (options->read_only ? MDB_RDONLY : 0);
    ERR_TRY(error_of(mdb_env_create(&kv->env)));
    ERR_TRY(error_of(mdb_env_set_mapsize(kv->env, options->map_bytes)));
    ERR_TRY(error_of(mdb_env_set_maxdbs(kv->env, (MDB_dbi)options->table_count)));
    int result = mdb_env_open(kv->env, options->path, flags, options->file_mode);
    if (result == ENOENT && options->read_only)
        return ERR_NOT_FOUND;
    return error_of(result);
}

enum err kv_open(struct kv **kv, const struct kv_options *options) {
    *kv = NULL;
    if (options->table_count > KV_TABLES_MAX)
        return ERR_TOO_LARGE;
    if (options->read_only)
        ERR_TRY(require_lock_file(options->path));
    __attribute__((cleanup(destroy_kv))) struct kv *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->read_only = options->read_only;
    made->drops_dead_readers = options->drops_dead_readers;
    ERR_TRY(open_environment(made, options));
    if (!options->read_only)
        ERR_TRY(set_modes(options));
    ERR_TRY(open_tables(made, options));
    *kv = made;
    made = NULL;
    return ERR_OK;
}

void kv_close(struct kv *kv) {
    if (kv == NULL)
        return;
    if (kv->env != NULL)
        mdb_env_close(kv->env);
    free(kv);
}

enum err kv_reader_check(struct kv *kv) {
    int dead;
    return error_of(mdb_reader_check(kv->env, &dead));
}

static struct kv_txn begin(struct kv *kv, unsigned flags) {
    MDB_txn *handle = NULL;
    enum err err = error_of(mdb_txn_begin(kv->env, NULL, flags, &handle));
    return (struct kv_txn){.kv = kv, .handle = handle, .err = err};
}

struct kv_txn kv_read(struct kv *kv) {
    return begin(kv, MDB_RDONLY);
}

struct kv_txn kv_write(struct kv *kv) {
    enum err err = kv->drops_dead_readers ? kv_reader_check(kv) : ERR_OK;
    return err == ERR_OK ? begin(kv, 0) : (struct kv_txn){.kv = kv, .err = err};
}

static MDB_val value_of(struct bytes view) {
    return (MDB_val){.mv_size = view.len, .mv_data = (void *)(uintptr_t)view.data};
}

static struct bytes bytes_of_value(MDB_val value) {
    return bytes_of(value.mv_data, value.mv_size);
}

/* Says whether the transaction still works and has this table; if not, that sticks. */
static bool usable(struct kv_txn *txn, unsigned table) {
    if (txn->err == ERR_OK && table >= txn->kv->table_count)
        txn->err = ERR_MALFORMED;
    return txn->err == ERR_OK;
}

/* An ending that is no fault of the transaction is given back and does not stick. */
static enum err outcome(struct kv_txn *txn, int result) {
    enum err err = error_of(result);
    if (err != ERR_NOT_FOUND)
        txn->err = err;
    return err;
}

enum err kv_get(struct kv_txn *txn, unsigned table, struct bytes key, struct bytes *value) {
    *value = bytes_of(NULL, 0);
    if (!usable(txn, table))
        return txn->err;
    MDB_val wanted = value_of(key), found;
    ERR_TRY(outcome(txn, mdb_get(txn->handle, txn->kv->tables[table], &wanted, &found)));
    *value = bytes_of_value(found);
    return ERR_OK;
}

static void put(struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value,
                unsigned flags) {
    if (!usable(txn, table))
        return;
    MDB_val at = value_of(key), row = value_of(value);
    txn->err = error_of(mdb_put(txn->handle, txn->kv->tables[table], &at, &row, flags));
}

void kv_put(struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value) {
    put(txn, table, key, value, 0);
}

void kv_insert(struct kv_txn *txn, unsigned table, struct bytes key, struct bytes value) {
    put(txn, table, key, value, MDB_NOOVERWRITE);
}

void kv_delete(struct kv_txn *txn, unsigned table, struct bytes key) {
    if (!usable(txn, table))
        return;
    MDB_val at = value_of(key);
    (void)outcome(txn, mdb_del(txn->handle, txn->kv->tables[table], &at, NULL));
}

static void close_cursor(MDB_cursor **cursor) {
    if (*cursor != NULL)
        mdb_cursor_close(*cursor);
}

static bool begins_with(struct bytes key, struct bytes prefix) {
    return key.len >= prefix.len && bytes_equal(bytes_of(key.data, prefix.len), prefix);
}

enum err kv_each(struct kv_txn *txn, unsigned table, struct bytes prefix,
                 enum err (*each)(void *context, struct bytes key, struct bytes value),
                 void *context) {
    if (!usable(txn, table))
        return txn->err;
    __attribute__((cleanup(close_cursor))) MDB_cursor *cursor = NULL;
    ERR_TRY(outcome(txn, mdb_cursor_open(txn->handle, txn->kv->tables[table], &cursor)));
    MDB_val key = value_of(prefix), value;
    MDB_cursor_op first = prefix.len > 0 ? MDB_SET_RANGE : MDB_FIRST;
    enum err err = outcome(txn, mdb_cursor_get(cursor, &key, &value, first));
    while (err == ERR_OK && begins_with(bytes_of_value(key), prefix)) {
        ERR_TRY(each(context, bytes_of_value(key), bytes_of_value(value)));
        err = outcome(txn, mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err kv_each_after(struct kv_txn *txn, unsigned table, struct bytes after,
                       enum err (*each)(void *context, struct bytes key, struct bytes value),
                       void *context) {
    if (!usable(txn, table))
        return txn->err;
    __attribute__((cleanup(close_cursor))) MDB_cursor *cursor = NULL;
    ERR_TRY(outcome(txn, mdb_cursor_open(txn->handle, txn->kv->tables[table], &cursor)));
    MDB_val key = value_of(after), value;
    MDB_cursor_op first = after.len > 0 ? MDB_SET_RANGE : MDB_FIRST;
    enum err err = outcome(txn, mdb_cursor_get(cursor, &key, &value, first));
    if (err == ERR_OK && after.len > 0 && bytes_equal(bytes_of_value(key), after))
        err = outcome(txn, mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
    while (err == ERR_OK) {
        ERR_TRY(each(context, bytes_of_value(key), bytes_of_value(value)));
        err = outcome(txn, mdb_cursor_get(cursor, &key, &value, MDB_NEXT));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

uint64_t kv_count(struct kv_txn *txn, unsigned table) {
    MDB_stat status = {0};
    if (!usable(txn, table))
        return 0;
    txn->err = error_of(mdb_stat(txn->handle, txn->kv->tables[table], &status));
    return txn->err == ERR_OK ? status.ms_entries : 0;
}

enum err kv_commit(struct kv_txn *txn) {
    enum err err = txn->err;
    if (err == ERR_OK) {
        MDB_txn *handle = txn->handle;
        txn->handle = NULL;
        err = error_of(mdb_txn_commit(handle));
    }
    kv_abort(txn);
    return err;
}

void kv_abort(struct kv_txn *txn) {
    if (txn->handle != NULL)
        mdb_txn_abort(txn->handle);
    txn->handle = NULL;
    if (txn->err == ERR_OK)
        txn->err = ERR_CLOSED;
}
