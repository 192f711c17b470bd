#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "authd/notify/gateway/report.h"
#include "firmware/base/codec.h"

#define ID_CHARS 16

void report_path(uint64_t id, char path[static REPORT_PATH_SIZE]) {
    (void)snprintf(path, REPORT_PATH_SIZE, "/report/%016" PRIx64 "/%%d", id);
}

static void expect(struct cursor *cursor, const char *text) {
    struct bytes taken = cursor_take(cursor, strlen(text));
    if (cursor->err == ERR_OK && !bytes_equal_text(taken, text))
        cursor->err = ERR_MALFORMED;
}

static uint64_t take_id(struct cursor *cursor) {
    uint8_t id[ID_CHARS / 2] = {0};
    struct bytes taken = cursor_take(cursor, ID_CHARS);
    if (cursor->err == ERR_OK)
        cursor->err = codec_hex_decode(taken, id, sizeof id);
    struct cursor number = cursor_over(bytes_of(id, sizeof id));
    return cursor_u64(&number);
}

/* One or two digits and the blank after them. */
static unsigned take_kind(struct cursor *cursor) {
    unsigned kind = 0;
    for (size_t i = 0; i < 3; i++) {
        uint8_t character = cursor_u8(cursor);
        if (character == ' ' && i > 0)
            return kind;
        if (character < '0' || character > '9')
            break;
        kind = kind * 10 + (character - '0');
    }
    if (cursor->err == ERR_OK)
        cursor->err = ERR_MALFORMED;
    return 0;
}

static bool is_kind(unsigned kind) {
    return kind == REPORT_DELIVERED || kind == REPORT_FAILED || kind == REPORT_REJECTED;
}

enum err report_parse(struct bytes line, struct report *report) {
    struct cursor cursor = cursor_over(line);
    *report = (struct report){0};
    if (line.len > REPORT_LINE_MAX)
        return ERR_TOO_LARGE;
    expect(&cursor, "GET /report/");
    uint64_t id = take_id(&cursor);
    expect(&cursor, "/");
    unsigned kind = take_kind(&cursor);
    expect(&cursor, "HTTP/1.");
    uint8_t minor = cursor_u8(&cursor);
    ERR_TRY(cursor_end(&cursor));
    if (!is_kind(kind) || (minor != '0' && minor != '1'))
        return ERR_MALFORMED;
    *report = (struct report){.id = id, .kind = (enum report_kind)kind};
    return ERR_OK;
}

/* A ring: the id names its place, so that none is searched for. */
struct awaited {
    uint64_t id; /* 0: free */
    struct report_subject subject;
};

struct report_table {
    size_t count, next;
    struct awaited awaited[];
};

enum err report_table_open(struct report_table **table, size_t count) {
    *table = NULL;
    if (count == 0 || sodium_init() < 0)
        return ERR_SYSTEM;
    struct report_table *made = calloc(1, sizeof *made + count * sizeof *made->awaited);
    if (made == NULL)
        return ERR_SYSTEM;
    made->count = count;
    *table = made;
    return ERR_OK;
}

void report_table_close(struct report_table *table) {
    free(table);
}

uint64_t report_table_add(struct report_table *table, unsigned gateway, int64_t now_ms) {
    uint64_t id;
    size_t place = table->next;
    table->next = (place + 1) % table->count;
    do {
        randombytes_buf(&id, sizeof id);
        id >>= 1; /* room to add */
        id -= id % table->count;
        id += place;
    } while (id == 0);
    table->awaited[place] =
        (struct awaited){.id = id, .subject = {.gateway = gateway, .sent_ms = now_ms}};
    return id;
}

enum err report_table_take(struct report_table *table, uint64_t id,
                           struct report_subject *subject) {
    struct awaited *awaited = &table->awaited[id % table->count];
    *subject = (struct report_subject){0};
    if (id == 0 || awaited->id != id)
        return ERR_NOT_FOUND;
    *subject = awaited->subject;
    *awaited = (struct awaited){0};
    return ERR_OK;
}
