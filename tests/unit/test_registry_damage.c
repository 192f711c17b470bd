#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/store/registry.h"
#include "tests/unit/store_fixture.h"

#define OTHER_UID 65533
#define GROUP     65532

static const uint8_t lookup_key[IDENTITY_LOOKUP_BYTES] = {0xde, 0xad, 0xbe, 0xef, 0x42};

static void put_all(struct registry *registry) {
    const struct identity identity = {.uin = "5938714605", .phone = "+212612345678"};
    const struct partner partner = {.id = "daam", .status = STATUS_ACTIVE};
    const struct hotlist_entry entry = {.blocked = false};
    struct registry_batch batch = registry_begin(registry);
    uint64_t sequence;
    registry_put_identity(&batch, lookup_key, &identity);
    registry_put_partner(&batch, &partner);
    registry_put_salt(&batch, 1, "s0meSa1t");
    registry_put_hotlisted(&batch, HOTLIST_PARTNER, bytes_of_text("daam"), &entry);
    assert_int_equal(registry_commit(&batch, &sequence), ERR_OK);
}

/* What a damaged disk would do: flips one bit of every row of a table, behind the registry's back.
 */
struct damage {
    uint8_t key[512], value[8192];
    size_t key_len, value_len;
};

static enum err keep_row(void *context, struct bytes key, struct bytes value) {
    struct damage *damage = context;
    memcpy(damage->key, key.data, damage->key_len = key.len);
    memcpy(damage->value, value.data, damage->value_len = value.len);
    return ERR_OK;
}

static void change_row(struct registry *registry, struct damage *damage, unsigned table) {
    struct kv_txn txn = kv_write(registry_kv(registry));
    kv_put(&txn, table, bytes_of(damage->key, damage->key_len),
           bytes_of(damage->value, damage->value_len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
}

static void read_row(struct registry *registry, struct damage *damage, unsigned table) {
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(registry));
    damage->value_len = 0;
    assert_int_equal(kv_each(&txn, table, bytes_of(NULL, 0), keep_row, damage), ERR_OK);
    assert_int_not_equal(damage->value_len, 0);
}

static enum err read_person(struct registry *registry) {
    IDENTITY_CLEANUP struct identity *identity = NULL;
    enum err err = registry_identity(registry, lookup_key, &identity);
    assert_true((identity != NULL) == (err == ERR_OK));
    return err;
}

/* Runs ${read} with standard error in a file and gives what the log said. */
static size_t capture_log(enum err (*read)(struct registry *registry), struct registry *registry,
                          char *text, size_t size) {
    char name[] = "/tmp/idcs-store-log-XXXXXX";
    int file = mkstemp(name), kept = dup(STDERR_FILENO);
    assert_true(file >= 0 && kept >= 0 && dup2(file, STDERR_FILENO) == STDERR_FILENO);
    assert_int_not_equal(read(registry), ERR_OK);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    ssize_t len = pread(file, text, size - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    (void)close(file);
    (void)close(kept);
    (void)unlink(name);
    return (size_t)len;
}

static void a_flipped_bit_is_refused_and_named_in_the_log(void **state) {
    (void)state;
    struct store_directory directory = store_fixture_directory();
    struct record_keys *keys = store_fixture_keys(1);
    struct registry *registry;
    struct damage damage;
    char log[512];
    assert_int_equal(registry_open(&registry, directory.path, true, keys), ERR_OK);
    put_all(registry);
    read_row(registry, &damage, REGISTRY_IDENTITIES);
    for (size_t byte = 0; byte < damage.value_len; byte++) {
        damage.value[byte] ^= 0x10;
        change_row(registry, &damage, REGISTRY_IDENTITIES);
        bool in_generation = byte == 1 || byte == 2;
        assert_int_equal(read_person(registry), in_generation ? ERR_UNAVAILABLE : ERR_CORRUPT);
        damage.value[byte] ^= 0x10;
    }
    damage.value[damage.value_len - 1] ^= 1;
    change_row(registry, &damage, REGISTRY_IDENTITIES);
    assert_true(capture_log(read_person, registry, log, sizeof log) > 0);
    assert_non_null(strstr(log, "record-corrupt table=identity key=deadbeef generation=1\n"));
    /* A good record may replace a damaged one. */
    put_all(registry);
    assert_int_equal(read_person(registry), ERR_OK);
    registry_close(registry);
    record_keys_free(keys);
    store_fixture_remove(&directory);
}

static void a_person_of_a_closed_generation_is_not_unknown(void **state) {
    (void)state;
    struct store_directory directory = store_fixture_directory();
    struct record_keys *keys = store_fixture_keys(1), *none = store_fixture_keys(0);
    struct registry *registry;
    char log[512];
    assert_int_equal(registry_open(&registry, directory.path, true, keys), ERR_OK);
    put_all(registry);
    registry_close(registry);
    assert_int_equal(registry_open(&registry, directory.path, false, none), ERR_OK);
    assert_int_equal(read_person(registry), ERR_UNAVAILABLE);
    assert_true(capture_log(read_person, registry, log, sizeof log) > 0);
    assert_non_null(strstr(log, "record-generation-not-open table=identity key=deadbeef"));
    registry_close(registry);
    record_keys_free(keys);
    record_keys_free(none);
    store_fixture_remove(&directory);
}

static void a_damaged_hotlist_row_blocks(void **state) {
    (void)state;
    struct store_directory directory = store_fixture_directory();
    struct record_keys *keys = store_fixture_keys(1);
    struct registry *registry;
    struct damage damage;
    bool blocked = false;
    assert_int_equal(registry_open(&registry, directory.path, true, keys), ERR_OK);
    put_all(registry);
    struct bytes id = bytes_of_text("daam");
    assert_int_equal(registry_hotlisted(registry, HOTLIST_PARTNER, id, 0, &blocked), ERR_OK);
    assert_false(blocked);
    read_row(registry, &damage, REGISTRY_HOTLIST);
    damage.value[40] ^= 1;
    change_row(registry, &damage, REGISTRY_HOTLIST);
    assert_int_equal(registry_hotlisted(registry, HOTLIST_PARTNER, id, 0, &blocked), ERR_CORRUPT);
    assert_true(blocked);
    registry_close(registry);
    record_keys_free(keys);
    store_fixture_remove(&directory);
}

static void a_row_moved_to_another_table_is_refused(void **state) {
    (void)state;
    struct store_directory directory = store_fixture_directory();
    struct record_keys *keys = store_fixture_keys(1);
    struct registry *registry;
    struct damage damage;
    struct alias alias;
    assert_int_equal(registry_open(&registry, directory.path, true, keys), ERR_OK);
    put_all(registry);
    read_row(registry, &damage, REGISTRY_IDENTITIES);
    change_row(registry, &damage, REGISTRY_ALIASES);
    assert_int_equal(registry_alias(registry, lookup_key, &alias), ERR_CORRUPT);
    damage.key[0] ^= 1;
    change_row(registry, &damage, REGISTRY_IDENTITIES);
    IDENTITY_CLEANUP struct identity *identity = NULL;
    assert_int_equal(registry_identity(registry, damage.key, &identity), ERR_CORRUPT);
    registry_close(registry);
    record_keys_free(keys);
    store_fixture_remove(&directory);
}

static void no_person_is_readable_in_the_file(void **state) {
    (void)state;
    struct store_directory directory = store_fixture_directory();
    struct record_keys *keys = store_fixture_keys(1);
    struct registry *registry;
    static uint8_t file[1u << 20];
    char path[192];
    assert_int_equal(registry_open(&registry, directory.path, true, keys), ERR_OK);
    put_all(registry);
    registry_close(registry);
    (void)snprintf(path, sizeof path, "%s/data.mdb", directory.path);
    size_t len = store_fixture_read(path, file, sizeof file);
    assert_in_range(len, 4096, sizeof file - 1);
    assert_null(memmem(file, len, "5938714605", 10));
    assert_null(memmem(file, len, "612345678", 9));
    assert_null(memmem(file, len, "daam", 4));
    assert_null(memmem(file, len, "s0meSa1t", 8));
    assert_non_null(memmem(file, len, "by-phone", 8));
    record_keys_free(keys);
    store_fixture_remove(&directory);
}

/* The child has no memory of the parent's secrets: it makes its own, as core does. */
static int read_as_other(const char *path) {
    if (setgroups(0, NULL) != 0 || setresgid(GROUP, GROUP, GROUP) != 0 ||
        setresuid(OTHER_UID, OTHER_UID, OTHER_UID) != 0 || secret_arena_open(1u << 20) != ERR_OK)
        return 2;
    uint8_t root[RECORD_ROOT_BYTES];
    memset(root, 1, sizeof root);
    struct record_keys *keys;
    struct registry *registry;
    struct registry *writer;
    struct partner partner;
    if (record_keys_new(&keys) != ERR_OK ||
        record_keys_add(keys, 1, bytes_of(root, sizeof root)) != ERR_OK)
        return 3;
    if (registry_open(&writer, path, true, keys) == ERR_OK)
        return 4;
    if (registry_open(&registry, path, false, keys) != ERR_OK)
        return 5;
    if (registry_partner(registry, "daam", &partner) != ERR_OK)
        return 6;
    struct registry_batch batch = registry_begin(registry);
    uint64_t sequence;
    registry_put_partner(&batch, &partner);
    return registry_commit(&batch, &sequence) != ERR_OK ? 0 : 7;
}

/* First of all tests: the child must be made before this process has an arena. */
static void a_reader_of_the_group_reads_and_cannot_write(void **state) {
    (void)state;
    if (getuid() != 0)
        skip();
    struct store_directory directory = store_fixture_directory();
    int go[2], status;
    assert_int_equal(pipe2(go, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char ready;
        _exit(read(go[0], &ready, 1) == 1 ? read_as_other(directory.path) : 1);
    }
    struct record_keys *keys = store_fixture_keys(1);
    struct registry *registry;
    assert_int_equal(chown(directory.path, 0, GROUP), 0);
    assert_int_equal(chmod(directory.path, 02750), 0); /* new files are the group's */
    assert_int_equal(registry_open(&registry, directory.path, true, keys), ERR_OK);
    put_all(registry);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    registry_close(registry);
    record_keys_free(keys);
    store_fixture_remove(&directory);
}

static void a_reader_that_comes_first_makes_nothing(void **state) {
    (void)state;
    struct store_directory directory = store_fixture_directory();
    struct record_keys *keys = store_fixture_keys(1);
    struct registry *registry;
    assert_int_equal(registry_open(&registry, directory.path, false, keys), ERR_NOT_FOUND);
    assert_null(registry);
    assert_int_equal(rmdir(directory.path), 0);
    record_keys_free(keys);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_of_the_group_reads_and_cannot_write),
        cmocka_unit_test(a_flipped_bit_is_refused_and_named_in_the_log),
        cmocka_unit_test(a_person_of_a_closed_generation_is_not_unknown),
        cmocka_unit_test(a_damaged_hotlist_row_blocks),
        cmocka_unit_test(a_row_moved_to_another_table_is_refused),
        cmocka_unit_test(no_person_is_readable_in_the_file),
        cmocka_unit_test(a_reader_that_comes_first_makes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
