#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "authd/store/record.h"

/* What the tests of the store share. Failures end the test. */

/* A fresh directory, and its end with all that is in it. */
struct store_directory {
    char path[128];
};
struct store_directory store_fixture_directory(void);
void store_fixture_remove(const struct store_directory *directory);
/* A directory within another. */
struct store_directory store_fixture_inside(const struct store_directory *directory,
                                            const char *name);

/* Opens the arena of secrets, once a process. */
void store_fixture_secrets(void);
/* Keys with the generations 1 to ${generations}; generation n has the root n, n, n… */
struct record_keys *store_fixture_keys(uint16_t generations);
void store_fixture_add_generation(struct record_keys *keys, uint16_t generation);

/* Runs in a process of its own, which must come to its end. */
void store_fixture_in_a_child(void (*run)(void));
/* Waits for a child: true when it has ended by itself, with 0; false when ${signal} killed it. */
bool store_fixture_has_ended(pid_t child, int signal);

/* Repeatable chance. */
struct store_chance {
    uint64_t state;
};
uint64_t store_fixture_draw(struct store_chance *chance, uint64_t below);

/* Whole files. */
size_t store_fixture_read(const char *path, uint8_t *memory, size_t size);
void store_fixture_write(const char *path, const uint8_t *memory, size_t len);
