#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/store_fixture.h"

struct store_directory store_fixture_directory(void) {
    struct store_directory directory;
    const char *place = getenv("TMPDIR");
    (void)snprintf(directory.path, sizeof directory.path, "%s/idcs-store-XXXXXX",
                   place != NULL ? place : "/tmp");
    assert_non_null(mkdtemp(directory.path));
    return directory;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void store_fixture_remove(const struct store_directory *directory) {
    assert_int_equal(nftw(directory->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

struct store_directory store_fixture_inside(const struct store_directory *directory,
                                            const char *name) {
    struct store_directory inside;
    int len = snprintf(inside.path, sizeof inside.path, "%s/%s", directory->path, name);
    assert_true(len > 0 && (size_t)len < sizeof inside.path);
    assert_int_equal(mkdir(inside.path, 0700), 0);
    return inside;
}

void store_fixture_secrets(void) {
    static bool opened;
    if (!opened)
        assert_int_equal(secret_arena_open(4u << 20), ERR_OK);
    opened = true;
}

void store_fixture_add_generation(struct record_keys *keys, uint16_t generation) {
    uint8_t root[RECORD_ROOT_BYTES];
    memset(root, (int)generation, sizeof root);
    assert_int_equal(record_keys_add(keys, generation, bytes_of(root, sizeof root)), ERR_OK);
}

struct record_keys *store_fixture_keys(uint16_t generations) {
    struct record_keys *keys;
    store_fixture_secrets();
    assert_int_equal(record_keys_new(&keys), ERR_OK);
    for (uint16_t generation = 1; generation <= generations; generation++)
        store_fixture_add_generation(keys, generation);
    return keys;
}

void store_fixture_in_a_child(void (*run)(void)) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        run();
        _exit(0);
    }
    assert_true(store_fixture_has_ended(child, 0));
}

bool store_fixture_has_ended(pid_t child, int signal) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    else
        assert_int_equal(WTERMSIG(status), signal);
    return WIFEXITED(status);
}

uint64_t store_fixture_draw(struct store_chance *chance, uint64_t below) {
    chance->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = chance->state;
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ mixed >> 31) % below;
}

size_t store_fixture_read(const char *path, uint8_t *memory, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    size_t len = 0;
    for (ssize_t got; len < size && (got = read(fd, memory + len, size - len)) > 0;)
        len += (size_t)got;
    assert_int_equal(close(fd), 0);
    return len;
}

void store_fixture_write(const char *path, const uint8_t *memory, size_t len) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t done = 0; done < len;) {
        ssize_t put = write(fd, memory + done, len - done);
        assert_true(put > 0);
        done += (size_t)put;
    }
    assert_int_equal(close(fd), 0);
}
