#include <stddef.h>
#include <string.h>

#include "firmware/base/secret.h"
#include "authd/store/identity.h"

/*
 * An identity is its format and then fields, each tag(1) ‖ length(2) ‖ value, in the order of the
 * table below; a field that says nothing (zero, empty) is left out. There is one form of each
 * identity, and the reader takes no other. Digits take half a byte, and the names and languages of
 * attributes that most people have one byte.
 */
#define FORMAT        1
#define TAG_ATTRIBUTE 32 /* any number of them, after all others */

enum field_kind {
    FIELD_DIGITS,
    FIELD_BYTES,
    FIELD_FLAG,
    FIELD_I64,
    FIELD_U32,
    FIELD_BIRTH,
    FIELD_TEXT
};

struct field {
    uint8_t tag;
    enum field_kind kind;
    size_t offset, size;
};

#define FIELD(tag, kind, member)                                                                   \
    { tag, kind, offsetof(struct identity, member), sizeof(((struct identity *)NULL)->member) }

/* Tags rise. One that is freed is never given to another field. */
static const struct field fields[] = {
    FIELD(1, FIELD_DIGITS, uin),       FIELD(2, FIELD_DIGITS, token),
    FIELD(3, FIELD_BYTES, audit_salt), FIELD(4, FIELD_FLAG, deactivated),
    FIELD(5, FIELD_I64, expires_ms),   FIELD(6, FIELD_U32, locks),
    FIELD(7, FIELD_BIRTH, birth_year), FIELD(8, FIELD_TEXT, phone),
    FIELD(9, FIELD_TEXT, email),       FIELD(10, FIELD_TEXT, language),
};
#define FIELD_COUNT (sizeof fields / sizeof fields[0])

/* A name's code is its index, and 0 says that the name follows in full. Only ever appended to. */
static const char *const known_names[] = {
    NULL,           "fullName",     "firstName",       "middleName",  "lastName", "gender",
    "addressLine1", "addressLine2", "addressLine3",    "city",        "region",   "province",
    "zone",         "postalCode",   "residenceStatus", "dateOfBirth",
};
#define KNOWN_NAMES (sizeof known_names / sizeof known_names[0])

/* The same for languages; OTHER_LANGUAGE says that three letters follow. */
static const char *const known_languages[] = {"", "ara", "fra", "eng", "zgh"};
#define KNOWN_LANGUAGES (sizeof known_languages / sizeof known_languages[0])
#define OTHER_LANGUAGE  255
#define LANGUAGE_CHARS  3

static size_t known_name(struct bytes name) {
    for (size_t i = 1; i < KNOWN_NAMES; i++)
        if (bytes_equal_text(name, known_names[i]))
            return i;
    return 0;
}

static size_t known_language(const char *language) {
    for (size_t i = 0; i < KNOWN_LANGUAGES; i++)
        if (strcmp(language, known_languages[i]) == 0)
            return i;
    return OTHER_LANGUAGE;
}

static void fail(struct buffer *target, enum err err) {
    if (target->err == ERR_OK)
        target->err = err;
}

static void refuse(struct cursor *value) {
    if (value->err == ERR_OK)
        value->err = ERR_MALFORMED;
}

/* The length goes in front of a value once the value has been written. */
static size_t begin_field(struct buffer *target, uint8_t tag) {
    buffer_u8(target, tag);
    buffer_u16(target, 0);
    return target->len;
}

static void end_field(struct buffer *target, size_t start) {
    size_t len = target->len - start;
    if (len > UINT16_MAX)
        fail(target, ERR_FULL);
    if (target->err != ERR_OK)
        return;
    struct buffer front = buffer_over(target->data + start - 2, 2);
    buffer_u16(&front, (uint16_t)len);
}

/* Two digits a byte, the first one high; the last low half of an odd number of them is 15. */
static void put_digits(struct buffer *target, const char *digits) {
    for (size_t i = 0; digits[i] != '\0'; i += 2) {
        unsigned high = (unsigned)(digits[i] - '0');
        unsigned low = digits[i + 1] == '\0' ? 15 : (unsigned)(digits[i + 1] - '0');
        if (high > 9 || (low > 9 && digits[i + 1] != '\0'))
            fail(target, ERR_MALFORMED);
        buffer_u8(target, (uint8_t)(high << 4 | (low & 15)));
        if (digits[i + 1] == '\0')
            return;
    }
}

static void get_digits(struct cursor *value, char *digits, size_t size) {
    size_t len = 0;
    while (value->err == ERR_OK && value->left > 0) {
        uint8_t pair = cursor_u8(value);
        unsigned high = pair >> 4, low = pair & 15;
        bool odd = low == 15 && value->left == 0;
        if (high > 9 || (low > 9 && !odd) || len + (odd ? 1 : 2) >= size) {
            refuse(value);
            return;
        }
        digits[len++] = (char)('0' + high);
        if (!odd)
            digits[len++] = (char)('0' + low);
    }
    digits[len] = '\0';
}

/* The three members of a birth date lie one after the other in the struct and in the record. */
static bool birth_is_valid(const struct identity *identity) {
    return identity->birth_year > 0 && identity->birth_month <= 12 && identity->birth_day <= 31 &&
           (identity->birth_month == 0) == (identity->birth_day == 0);
}

static void put_birth(struct buffer *target, const struct identity *identity) {
    if (!birth_is_valid(identity))
        fail(target, ERR_MALFORMED);
    buffer_u16(target, (uint16_t)identity->birth_year);
    buffer_u8(target, identity->birth_month);
    buffer_u8(target, identity->birth_day);
}

static void get_birth(struct cursor *value, struct identity *identity) {
    identity->birth_year = (int16_t)cursor_u16(value);
    identity->birth_month = cursor_u8(value);
    identity->birth_day = cursor_u8(value);
    if (!birth_is_valid(identity))
        refuse(value);
}

static bool says_nothing(const struct identity *identity, const struct field *field) {
    const uint8_t *member = (const uint8_t *)identity + field->offset;
    switch (field->kind) {
    case FIELD_DIGITS:
    case FIELD_TEXT:
        return member[0] == '\0';
    case FIELD_BIRTH:
        return identity->birth_year == 0 && identity->birth_month == 0 && identity->birth_day == 0;
    default:
        for (size_t i = 0; i < field->size; i++)
            if (member[i] != 0)
                return false;
        return true;
    }
}

static void put_value(struct buffer *target, const struct identity *identity,
                      const struct field *field) {
    const void *member = (const uint8_t *)identity + field->offset;
    switch (field->kind) {
    case FIELD_DIGITS:
        put_digits(target, member);
        break;
    case FIELD_BYTES:
        buffer_raw(target, member, field->size);
        break;
    case FIELD_FLAG: /* that it is there says it */
        break;
    case FIELD_I64:
        buffer_i64(target, *(const int64_t *)member);
        break;
    case FIELD_U32:
        buffer_u32(target, *(const uint32_t *)member);
        break;
    case FIELD_BIRTH:
        put_birth(target, identity);
        break;
    case FIELD_TEXT:
        buffer_raw(target, member, strnlen(member, field->size));
        break;
    }
}

static void get_text(struct cursor *value, char *text, size_t size) {
    if (bytes_to_text(cursor_take(value, value->left), text, size) != ERR_OK)
        refuse(value);
}

static void get_value(struct cursor *value, struct identity *identity, const struct field *field) {
    void *member = (uint8_t *)identity + field->offset;
    switch (field->kind) {
    case FIELD_DIGITS:
        get_digits(value, member, field->size);
        break;
    case FIELD_BYTES:
        cursor_copy(value, member, field->size);
        break;
    case FIELD_FLAG:
        *(bool *)member = true;
        break;
    case FIELD_I64:
        *(int64_t *)member = cursor_i64(value);
        break;
    case FIELD_U32:
        *(uint32_t *)member = cursor_u32(value);
        break;
    case FIELD_BIRTH:
        get_birth(value, identity);
        break;
    case FIELD_TEXT:
        get_text(value, member, field->size);
        break;
    }
    if (says_nothing(identity, field))
        refuse(value);
}

static void put_attribute(struct buffer *target, const struct identity_attribute *attribute) {
    size_t name = known_name(attribute->name), language = known_language(attribute->language);
    size_t start = begin_field(target, TAG_ATTRIBUTE);
    buffer_u8(target, (uint8_t)name);
    if (name == 0) {
        if (attribute->name.len == 0 || attribute->name.len > UINT8_MAX)
            fail(target, ERR_MALFORMED);
        buffer_u8(target, (uint8_t)attribute->name.len);
        buffer_raw(target, attribute->name.data, attribute->name.len);
    }
    buffer_u8(target, (uint8_t)language);
    if (language == OTHER_LANGUAGE) {
        if (strnlen(attribute->language, sizeof attribute->language) != LANGUAGE_CHARS)
            fail(target, ERR_MALFORMED);
        buffer_raw(target, attribute->language, LANGUAGE_CHARS);
    }
    buffer_raw(target, attribute->value.data, attribute->value.len);
    end_field(target, start);
}

static void get_attribute_name(struct cursor *value, struct bytes *name) {
    uint8_t code = cursor_u8(value);
    if (code >= KNOWN_NAMES) {
        refuse(value);
    } else if (code != 0) {
        *name = bytes_of_text(known_names[code]);
    } else {
        *name = cursor_take(value, cursor_u8(value));
        if (name->len == 0 || known_name(*name) != 0)
            refuse(value);
    }
}

static void get_attribute_language(struct cursor *value, char language[static LANGUAGE_CHARS + 1]) {
    uint8_t code = cursor_u8(value);
    if (code < KNOWN_LANGUAGES) {
        memcpy(language, known_languages[code], strlen(known_languages[code]) + 1);
        return;
    }
    enum err err = bytes_to_text(cursor_take(value, LANGUAGE_CHARS), language, LANGUAGE_CHARS + 1);
    if (code != OTHER_LANGUAGE || err != ERR_OK || known_language(language) != OTHER_LANGUAGE)
        refuse(value);
}

static void get_attribute(struct cursor *value, struct identity *identity) {
    if (identity->attribute_count == IDENTITY_ATTRIBUTES_MAX) {
        refuse(value);
        return;
    }
    struct identity_attribute *attribute = &identity->attributes[identity->attribute_count++];
    get_attribute_name(value, &attribute->name);
    get_attribute_language(value, attribute->language);
    attribute->value = cursor_take(value, value->left);
}

enum err identity_encode(const struct identity *identity, struct buffer *plain) {
    size_t start = plain->len;
    buffer_u8(plain, FORMAT);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (says_nothing(identity, &fields[i]))
            continue;
        size_t value = begin_field(plain, fields[i].tag);
        put_value(plain, identity, &fields[i]);
        end_field(plain, value);
    }
    if (identity->attribute_count > IDENTITY_ATTRIBUTES_MAX)
        fail(plain, ERR_TOO_LARGE);
    for (size_t i = 0; plain->err == ERR_OK && i < identity->attribute_count; i++)
        put_attribute(plain, &identity->attributes[i]);
    if (plain->len - start > IDENTITY_PLAIN_MAX)
        fail(plain, ERR_FULL);
    return plain->err;
}

static const struct field *find_field(uint8_t tag) {
    for (size_t i = 0; i < FIELD_COUNT; i++)
        if (fields[i].tag == tag)
            return &fields[i];
    return NULL;
}

static enum err decode_into(struct bytes plain, struct identity *identity) {
    struct cursor cursor = cursor_over(plain);
    if (plain.len > IDENTITY_PLAIN_MAX || cursor_u8(&cursor) != FORMAT)
        return ERR_CORRUPT;
    uint8_t last_tag = 0;
    while (cursor.err == ERR_OK && cursor.left > 0) {
        uint8_t tag = cursor_u8(&cursor);
        struct cursor value = cursor_over(cursor_take(&cursor, cursor_u16(&cursor)));
        const struct field *field = find_field(tag);
        if (cursor.err != ERR_OK || (tag <= last_tag && tag != TAG_ATTRIBUTE))
            return ERR_CORRUPT;
        if (tag == TAG_ATTRIBUTE)
            get_attribute(&value, identity);
        else if (field != NULL)
            get_value(&value, identity, field);
        else
            return ERR_CORRUPT;
        if (cursor_end(&value) != ERR_OK)
            return ERR_CORRUPT;
        last_tag = tag;
    }
    return cursor.err == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

/* What identity_decode makes: the struct, how to free it, and the bytes its views point into. */
struct decoded {
    struct identity identity;
    struct secret memory;
    uint8_t plain[];
};

enum err identity_decode(struct bytes plain, struct identity **identity) {
    *identity = NULL;
    if (plain.len == 0 || plain.len > IDENTITY_PLAIN_MAX)
        return ERR_CORRUPT;
    SECRET(memory);
    ERR_TRY(secret_new(&memory, sizeof(struct decoded) + plain.len));
    struct decoded *decoded = (struct decoded *)(void *)memory.data;
    memcpy(decoded->plain, plain.data, plain.len);
    ERR_TRY(decode_into(bytes_of(decoded->plain, plain.len), &decoded->identity));
    decoded->memory = memory;
    memory = (struct secret){0};
    *identity = &decoded->identity;
    return ERR_OK;
}

void identity_free(struct identity *identity) {
    if (identity == NULL)
        return;
    struct secret memory = ((struct decoded *)(void *)identity)->memory;
    secret_free(&memory);
}

void identity_cleanup(struct identity **identity) {
    identity_free(*identity);
    *identity = NULL;
}
