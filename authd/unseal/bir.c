#include "authd/unseal/bir.h"

#include <string.h>

#include "firmware/base/codec.h"
#include "authd/unseal/bir_value.h"

#define NAME_SPACE  "http://standards.iso.org/iso-iec/19785/-3/ed-2/"
#define QUALITY_MAX 100
#define MAGIC_BYTES 4

/* ---- what is read ---- */

/* Elements that hold others, and the one kind that holds text. */
enum place {
    PLACE_TEXT = 0,
    PLACE_DOCUMENT,
    PLACE_SET,
    PLACE_RECORD,
    PLACE_VERSION,
    PLACE_BIR_INFO,
    PLACE_BDB_INFO,
    PLACE_SB_INFO,
    PLACE_FORMAT,
    PLACE_REGISTRY,
    PLACE_QUALITY,
    PLACE_OTHERS,
    PLACES
};

#define LEVELS_MAX 8

struct row;
struct reading {
    struct bir *bir;
    struct buffer *workspace;
    enum err err; /* why it was refused, when not for its grammar */
    struct bir_record *record;
    bool says_exception, has_subtype;
    bool entry_is_exception;
    const struct row *text; /* the element whose text is being read */
    size_t text_start;      /* in the workspace */
    size_t depth;
    struct level {
        enum place place;
        size_t next; /* row that may come first */
        uint32_t seen;
    } levels[LEVELS_MAX];
};

/* ---- values that are kept ---- */

static bool keep_organization(struct reading *reading, struct bytes text) {
    (void)reading;
    return bytes_equal_text(text, "Mosip") || bytes_equal_text(text, "257");
}

static bool keep_format(struct reading *reading, struct bytes text) {
    uint8_t format;
    if (!bir_value_small(text, BIR_IRIS_IMAGE, &format))
        return false;
    reading->record->format = (enum bir_format)format;
    return true;
}

static bool keep_type(struct reading *reading, struct bytes text) {
    static const char *const types[BIR_TYPES] = {"Finger", "Iris", "Face", "ExceptionPhoto"};
    size_t type = 0;
    while (type < BIR_TYPES && !bytes_equal_text(text, types[type]))
        type++;
    reading->record->type = (enum bir_type)type;
    return type < BIR_TYPES;
}

static bool keep_subtype(struct reading *reading, struct bytes text) {
    static const struct {
        const char *text;
        enum bir_type type;
        uint8_t position;
    } subtypes[] = {
        {"Right Thumb", BIR_FINGER, 1},
        {"Right IndexFinger", BIR_FINGER, 2},
        {"Right MiddleFinger", BIR_FINGER, 3},
        {"Right RingFinger", BIR_FINGER, 4},
        {"Right LittleFinger", BIR_FINGER, 5},
        {"Left Thumb", BIR_FINGER, 6},
        {"Left IndexFinger", BIR_FINGER, 7},
        {"Left MiddleFinger", BIR_FINGER, 8},
        {"Left RingFinger", BIR_FINGER, 9},
        {"Left LittleFinger", BIR_FINGER, 10},
        {"Right", BIR_IRIS, 1},
        {"Left", BIR_IRIS, 2},
        {"", BIR_FACE, 0},
        {"", BIR_EXCEPTION_PHOTO, 0},
    };
    for (size_t i = 0; i < sizeof subtypes / sizeof *subtypes; i++) {
        if (subtypes[i].type != reading->record->type || !bytes_equal_text(text, subtypes[i].text))
            continue;
        reading->record->position = subtypes[i].position;
        reading->has_subtype = true;
        return true;
    }
    return false;
}

static bool keep_score(struct reading *reading, struct bytes text) {
    reading->record->has_quality = true;
    return bir_value_small(text, QUALITY_MAX, &reading->record->quality);
}

/* Decoded behind its text, then moved to its place. It is a person's: in constant time. */
static bool keep_data(struct reading *reading, struct bytes text) {
    struct buffer *workspace = reading->workspace;
    size_t len = 0;
    if (!bir_value_base64(text))
        return false;
    if (workspace->size - workspace->len < CODEC_BASE64_BYTES(text.len)) {
        reading->err = ERR_FULL;
        return false;
    }
    uint8_t *decoded = workspace->data + workspace->len;
    uint8_t *target = workspace->data + reading->text_start;
    enum err err =
        codec_base64_decode(text, CODEC_STRICT, decoded, CODEC_BASE64_BYTES(text.len), &len);
    memmove(target, decoded, err == ERR_OK ? len : 0);
    explicit_bzero(decoded, CODEC_BASE64_BYTES(text.len));
    if (err != ERR_OK)
        return false;
    reading->record->data = bytes_of(target, len);
    reading->text_start += len;
    return true;
}

static bool keep_entry(struct reading *reading, struct bytes text) {
    if (!reading->entry_is_exception)
        return true;
    bool is_true = bytes_equal_text(text, "true");
    if (reading->says_exception || (!is_true && !bytes_equal_text(text, "false")))
        return false;
    reading->says_exception = true;
    reading->record->exception = is_true;
    return true;
}

/* ---- grammar: of each place its elements, in their order ---- */

struct row {
    const char *name;
    enum place place; /* what it holds */
    bool required;
    bool (*check)(struct bytes text);                         /* of a text that is not kept */
    bool (*keep)(struct reading *reading, struct bytes text); /* of one that is */
    bool repeated;
    const char *attribute;
};

static const struct row document_rows[] = {{.name = "BIR", .place = PLACE_SET, .required = true}};
static const struct row set_rows[] = {
    {"Version", .place = PLACE_VERSION},
    {"CBEFFVersion", .place = PLACE_VERSION},
    {"BIRInfo", .place = PLACE_BIR_INFO, .required = true},
    {"BIR", .place = PLACE_RECORD, .repeated = true},
};
static const struct row record_rows[] = {
    {"Version", .place = PLACE_VERSION},
    {"CBEFFVersion", .place = PLACE_VERSION},
    {"BIRInfo", .place = PLACE_BIR_INFO, .required = true},
    {"BDBInfo", .place = PLACE_BDB_INFO, .required = true},
    {"SBInfo", .place = PLACE_SB_INFO},
    {"BDB", .keep = keep_data},
    {"SB", .check = bir_value_base64},
    {"others", .place = PLACE_OTHERS},
};
static const struct row version_rows[] = {
    {"Major", .required = true, .check = bir_value_number},
    {"Minor", .required = true, .check = bir_value_number},
};
static const struct row bir_info_rows[] = {
    {"Creator", .check = bir_value_text},
    {"Index", .check = bir_value_identifier},
    {"Payload", .check = bir_value_base64},
    {"Integrity", .required = true, .check = bir_value_false},
    {"CreationDate", .check = bir_value_time},
    {"NotValidBefore", .check = bir_value_time},
    {"NotValidAfter", .check = bir_value_time},
};
static const struct row bdb_info_rows[] = {
    {"ChallengeResponse", .check = bir_value_base64},
    {"Index", .check = bir_value_identifier},
    {"Format", .place = PLACE_FORMAT, .required = true},
    {"Encryption", .check = bir_value_false},
    {"CreationDate", .check = bir_value_time},
    {"NotValidBefore", .check = bir_value_time},
    {"NotValidAfter", .check = bir_value_time},
    {"Type", .required = true, .keep = keep_type},
    {"Subtype", .keep = keep_subtype},
    {"Level", .check = bir_value_level},
    {"Product", .place = PLACE_REGISTRY},
    {"CaptureDevice", .place = PLACE_REGISTRY},
    {"FeatureExtractionAlgorithm", .place = PLACE_REGISTRY},
    {"ComparisonAlgorithm", .place = PLACE_REGISTRY},
    {"CompressionAlgorithm", .place = PLACE_REGISTRY},
    {"Purpose", .check = bir_value_purpose},
    {"Quality", .place = PLACE_QUALITY},
};
static const struct row sb_info_rows[] = {{"Format", .place = PLACE_REGISTRY}};
static const struct row format_rows[] = {
    {"Organization", .required = true, .keep = keep_organization},
    {"Type", .required = true, .keep = keep_format},
};
static const struct row registry_rows[] = {
    {"Organization", .required = true, .check = bir_value_text},
    {"Type", .required = true, .check = bir_value_text},
};
static const struct row quality_rows[] = {
    {"Algorithm", .place = PLACE_REGISTRY},
    {"Score", .keep = keep_score},
    {"QualityCalculationFailed", .check = bir_value_empty},
};
static const struct row others_rows[] = {
    {"entry", .keep = keep_entry, .repeated = true, .attribute = "key"},
};

#define ROWS(table)                                                                                \
    { table, sizeof(table) / sizeof *(table) }
static const struct {
    const struct row *rows;
    size_t count;
} grammar[PLACES] = {
    [PLACE_DOCUMENT] = ROWS(document_rows), [PLACE_SET] = ROWS(set_rows),
    [PLACE_RECORD] = ROWS(record_rows),     [PLACE_VERSION] = ROWS(version_rows),
    [PLACE_BIR_INFO] = ROWS(bir_info_rows), [PLACE_BDB_INFO] = ROWS(bdb_info_rows),
    [PLACE_SB_INFO] = ROWS(sb_info_rows),   [PLACE_FORMAT] = ROWS(format_rows),
    [PLACE_REGISTRY] = ROWS(registry_rows), [PLACE_QUALITY] = ROWS(quality_rows),
    [PLACE_OTHERS] = ROWS(others_rows),
};

/* ---- walk ---- */

static void enter(struct reading *reading, enum place place) {
    reading->levels[reading->depth++] = (struct level){.place = place};
}

static bool begin_record(struct reading *reading) {
    struct bir *bir = reading->bir;
    if (bir->count == BIR_RECORDS_MAX) {
        reading->err = ERR_TOO_LARGE;
        return false;
    }
    reading->record = &bir->records[bir->count++];
    reading->says_exception = reading->has_subtype = false;
    return true;
}

/* What the elements of a record say of each other and of its data. */
static bool record_agrees(const struct reading *reading) {
    static const struct {
        enum bir_type type;
        enum bir_format format;
        const char *magic;
    } kinds[] = {
        {BIR_FINGER, BIR_FINGER_MINUTIAE, "FMR"},
        {BIR_FINGER, BIR_FINGER_IMAGE, "FIR"},
        {BIR_IRIS, BIR_IRIS_IMAGE, "IIR"},
        {BIR_FACE, BIR_FACE_IMAGE, "FAC"},
        {BIR_EXCEPTION_PHOTO, BIR_FACE_IMAGE, "FAC"},
    };
    const struct bir_record *record = reading->record;
    bool needs_subtype = record->type == BIR_FINGER || record->type == BIR_IRIS;
    if ((needs_subtype && !reading->has_subtype) || record->exception != (record->data.len == 0))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == record->type && kinds[i].format == record->format)
            return record->exception ||
                   (record->data.len > MAGIC_BYTES &&
                    memcmp(record->data.data, kinds[i].magic, MAGIC_BYTES) == 0);
    return false;
}

static bool leave(struct reading *reading) {
    const struct level *level = &reading->levels[--reading->depth];
    for (size_t i = 0; i < grammar[level->place].count; i++)
        if (grammar[level->place].rows[i].required && (level->seen >> i & 1) == 0)
            return false;
    if (level->place == PLACE_QUALITY) /* a score, or that there is none */
        return (level->seen >> 1 & 1) != (level->seen >> 2 & 1);
    return level->place != PLACE_RECORD || record_agrees(reading);
}

static const struct row *next_row(struct level *level, const char *name) {
    size_t i = level->next, count = grammar[level->place].count;
    const struct row *rows = grammar[level->place].rows;
    while (i < count && strcmp(rows[i].name, name) != 0)
        i++;
    if (i == count)
        return NULL;
    level->next = rows[i].repeated ? i : i + 1;
    level->seen |= 1u << i;
    return &rows[i];
}

static bool on_open(void *state, const struct xml_element *element) {
    struct reading *reading = state;
    if (reading->text != NULL)
        return false;
    const struct row *row = next_row(&reading->levels[reading->depth - 1], element->name);
    if (row == NULL || (row->attribute == NULL) != (element->attribute == NULL))
        return false;
    if (row->attribute != NULL && strcmp(row->attribute, element->attribute) != 0)
        return false;
    if (row->place != PLACE_TEXT) {
        enter(reading, row->place);
        return row->place != PLACE_RECORD || begin_record(reading);
    }
    reading->text = row;
    reading->text_start = reading->workspace->len;
    reading->entry_is_exception =
        element->value != NULL && strcmp(element->value, "EXCEPTION") == 0;
    return true;
}

static bool on_text(void *state, struct bytes text) {
    struct reading *reading = state;
    if (reading->text != NULL) {
        buffer_raw(reading->workspace, text.data, text.len);
        reading->err = reading->workspace->err;
        return reading->err == ERR_OK;
    }
    for (size_t i = 0; i < text.len; i++)
        if (memchr(" \t\r\n", text.data[i], 4) == NULL)
            return false;
    return true;
}

/* Takes back what is behind ${start}, and leaves nothing of it there. */
static void drop_text(struct buffer *workspace, size_t start) {
    explicit_bzero(workspace->data + start, workspace->len - start);
    workspace->len = start;
}

static bool on_close(void *state) {
    struct reading *reading = state;
    const struct row *row = reading->text;
    if (row == NULL)
        return leave(reading);
    struct bytes text = bytes_of(reading->workspace->data + reading->text_start,
                                 reading->workspace->len - reading->text_start);
    bool is_good = row->keep != NULL ? row->keep(reading, text) : row->check(text);
    reading->text = NULL;
    if (is_good)
        drop_text(reading->workspace, reading->text_start);
    return is_good;
}

enum err bir_read(struct bytes text, struct buffer *workspace, struct bir *bir) {
    static const struct xml_events events = {NAME_SPACE, on_open, on_text, on_close};
    struct reading reading = {.bir = bir, .workspace = workspace};
    memset(bir, 0, sizeof *bir);
    if (text.len > BIR_BYTES_MAX)
        return ERR_TOO_LARGE;
    enter(&reading, PLACE_DOCUMENT);
    uint32_t line = 1;
    enum err err = xml_read(text, &events, &reading, workspace, &line);
    if (err != ERR_OK)
        explicit_bzero(bir, sizeof *bir);
    bir->line = line;
    return reading.err != ERR_OK ? reading.err : err;
}
