#include "authd/unseal/xml.h"

#include <string.h>

#include <expat.h>

#include "firmware/base/codec.h"

#define ALIGNMENT   16
#define PIECE_BYTES 4096
#define SEPARATOR   '\n' /* between namespace and name: in neither can it be */

/* ---- expat's memory ---- */

/*
 * Blocks one after another, each behind its size. The last one can grow and be given back; of the
 * others the room is lost until the document has been read, which its bound allows for. It is
 * static, as expat's allocator gets no state.
 */
static struct {
    uint8_t *memory;
    size_t used, last; /* where the last block's size stands */
    bool exhausted;
} arena;

static size_t block_size(const uint8_t *block) {
    size_t size;
    memcpy(&size, block - ALIGNMENT, sizeof size);
    return size;
}

static bool is_last(const uint8_t *block) {
    return block == arena.memory + arena.last + ALIGNMENT;
}

static void *arena_allocate(size_t size) {
    size_t room = XML_ARENA_BYTES - arena.used;
    if (room < 2 * ALIGNMENT || size > room - 2 * ALIGNMENT) {
        arena.exhausted = true;
        return NULL;
    }
    arena.last = arena.used;
    memcpy(arena.memory + arena.last, &size, sizeof size);
    arena.used += ALIGNMENT + (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return arena.memory + arena.last + ALIGNMENT;
}

static void arena_release(void *block) {
    if (block != NULL && is_last(block))
        arena.used = arena.last;
}

static void *arena_resize(void *block, size_t size) {
    if (block == NULL)
        return arena_allocate(size);
    size_t before = block_size(block), used = arena.used;
    if (is_last(block))
        arena.used = arena.last;
    uint8_t *moved = arena_allocate(size);
    if (moved == NULL)
        arena.used = used;
    else if (moved != block)
        memcpy(moved, block, before < size ? before : size);
    return moved;
}

static enum err arena_open(struct buffer *workspace) {
    uintptr_t end = (uintptr_t)(workspace->data + workspace->len);
    size_t gap = (ALIGNMENT - end % ALIGNMENT) % ALIGNMENT;
    if (workspace->err != ERR_OK || workspace->size - workspace->len < XML_ARENA_BYTES + gap)
        return ERR_FULL;
    arena.memory = workspace->data + workspace->len + gap;
    arena.used = arena.last = 0;
    arena.exhausted = false;
    workspace->len += gap + XML_ARENA_BYTES;
    return ERR_OK;
}

/* ---- what expat reports ---- */

struct reading {
    XML_Parser parser;
    const struct xml_events *events;
    void *state;
    bool refused; /* expat may report a little more after it was stopped */
};

static void refuse(struct reading *reading) {
    reading->refused = true;
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

static const char *local_name(const struct reading *reading, const char *name) {
    size_t len = strlen(reading->events->name_space);
    if (strncmp(name, reading->events->name_space, len) != 0 || name[len] != SEPARATOR)
        return NULL;
    return name + len + 1;
}

static void on_open(void *data, const XML_Char *name, const XML_Char **attributes) {
    struct reading *reading = data;
    if (reading->refused)
        return;
    struct xml_element element = {.name = local_name(reading, name)};
    bool many = attributes[0] != NULL && attributes[2] != NULL;
    if (attributes[0] != NULL) {
        element.attribute = attributes[0];
        element.value = attributes[1];
    }
    if (element.name == NULL || many || !reading->events->open(reading->state, &element))
        refuse(reading);
}

static void on_text(void *data, const XML_Char *text, int len) {
    struct reading *reading = data;
    if (!reading->refused && !reading->events->text(reading->state, bytes_of(text, (size_t)len)))
        refuse(reading);
}

static void on_close(void *data, const XML_Char *name) {
    struct reading *reading = data;
    (void)name;
    if (!reading->refused && !reading->events->close(reading->state))
        refuse(reading);
}

static void on_declaration(void *data, const XML_Char *version, const XML_Char *encoding,
                           int standalone) {
    (void)standalone;
    bool is_plain = version != NULL && strcmp(version, "1.0") == 0 &&
                    (encoding == NULL || strcasecmp(encoding, "UTF-8") == 0);
    if (!is_plain)
        refuse(data);
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset) {
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_internal_subset;
    refuse(data);
}

static void on_instruction(void *data, const XML_Char *target, const XML_Char *content) {
    (void)target;
    (void)content;
    refuse(data);
}

static void on_comment(void *data, const XML_Char *comment) {
    (void)comment;
    refuse(data);
}

static void on_cdata(void *data) {
    refuse(data);
}

static void on_skipped(void *data, const XML_Char *entity, int is_parameter) {
    (void)entity;
    (void)is_parameter;
    refuse(data);
}

static void listen(struct reading *reading) {
    XML_Parser parser = reading->parser;
    XML_SetUserData(parser, reading);
    XML_SetElementHandler(parser, on_open, on_close);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetXmlDeclHandler(parser, on_declaration);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    XML_SetProcessingInstructionHandler(parser, on_instruction);
    XML_SetCommentHandler(parser, on_comment);
    XML_SetStartCdataSectionHandler(parser, on_cdata);
    XML_SetSkippedEntityHandler(parser, on_skipped);
}

/* A byte order mark could choose another encoding than the one expat is told. */
static bool is_plain(struct bytes text) {
    return text.len > 0 && text.data[0] == '<' && memchr(text.data, 0, text.len) == NULL &&
           codec_utf8_check(text) == ERR_OK;
}

/* In pieces, for expat copies what it is given. */
static bool parse(XML_Parser parser, struct bytes text) {
    for (size_t at = 0; at < text.len; at += PIECE_BYTES) {
        size_t left = text.len - at;
        int len = (int)(left < PIECE_BYTES ? left : PIECE_BYTES);
        if (XML_Parse(parser, (const char *)text.data + at, len, left <= PIECE_BYTES) !=
            XML_STATUS_OK)
            return false;
    }
    return true;
}

enum err xml_read(struct bytes text, const struct xml_events *events, void *state,
                  struct buffer *workspace, uint32_t *line) {
    static const XML_Memory_Handling_Suite memory = {arena_allocate, arena_resize, arena_release};
    static const XML_Char separator[] = {SEPARATOR, '\0'};
    *line = 1;
    if (!is_plain(text))
        return ERR_MALFORMED;
    ERR_TRY(arena_open(workspace));
    struct reading reading = {.events = events, .state = state};
    reading.parser = XML_ParserCreate_MM("UTF-8", &memory, separator);
    if (reading.parser == NULL)
        return ERR_TOO_LARGE;
    listen(&reading);
    bool is_whole = parse(reading.parser, text);
    *line = (uint32_t)XML_GetCurrentLineNumber(reading.parser);
    XML_ParserFree(reading.parser);
    explicit_bzero(arena.memory, XML_ARENA_BYTES);
    if (is_whole && !reading.refused)
        return ERR_OK;
    return arena.exhausted ? ERR_TOO_LARGE : ERR_MALFORMED;
}
