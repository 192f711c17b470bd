#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * What is given back where the scope of its variable ends, by whichever way:
 *
 *   SCOPE_DESCRIPTOR fd = open(path, O_RDONLY | O_CLOEXEC);      negative: there is nothing
 *   SCOPE_STREAM *stream = fopen(path, "re");                    NULL, here and below: likewise
 *   SCOPE_LISTING *listing = fdopendir(fd);
 *   SCOPE_MEMORY uint8_t *memory = malloc(size);
 *
 * The variable is initialised. What closing says is not heard: who writes a file asks first whether
 * it is durable.
 */
#define SCOPE_DESCRIPTOR __attribute__((cleanup(scope_descriptor))) int
#define SCOPE_STREAM     __attribute__((cleanup(scope_stream))) FILE
#define SCOPE_LISTING    __attribute__((cleanup(scope_listing))) DIR
#define SCOPE_MEMORY     __attribute__((cleanup(scope_memory)))

static inline void scope_descriptor(const int *fd) {
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void scope_stream(FILE **stream) {
    if (*stream != NULL)
        (void)fclose(*stream);
}

static inline void scope_listing(DIR **listing) {
    if (*listing != NULL)
        (void)closedir(*listing);
}

/* ${variable}: a pointer to whatever type, by its address. */
static inline void scope_memory(void *variable) {
    void *memory;
    memcpy(&memory, variable, sizeof memory);
    free(memory);
}
