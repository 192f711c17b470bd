#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "authd/notify/gateway/curl_memory.h"
#include "firmware/base/secret.h"

/* Before each piece stands its size. */
union head {
    size_t size;
    max_align_t alignment;
};

static void *take(size_t size) {
    if (size > SIZE_MAX - sizeof(union head))
        return NULL;
    union head *head = malloc(sizeof *head + size);
    if (head == NULL)
        return NULL;
    head->size = size;
    return head + 1;
}

static void give_back(void *piece) {
    if (piece == NULL)
        return;
    union head *head = (union head *)piece - 1;
    secret_wipe(piece, head->size);
    free(head);
}

static void *resize(void *piece, size_t size) {
    void *moved = take(size);
    if (piece == NULL || moved == NULL)
        return moved;
    size_t old_size = ((union head *)piece - 1)->size;
    memcpy(moved, piece, old_size < size ? old_size : size);
    give_back(piece);
    return moved;
}

static void *take_zeroed(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    void *piece = take(count * size);
    if (piece != NULL)
        memset(piece, 0, count * size);
    return piece;
}

static char *duplicate(const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = take(size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}

enum err curl_memory_start(void) {
    CURLcode code =
        curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, give_back, resize, duplicate, take_zeroed);
    return code == CURLE_OK ? ERR_OK : ERR_SYSTEM;
}
