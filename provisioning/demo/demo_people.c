#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "provisioning/demo/demo_biometrics.h"
#include "provisioning/demo/demo_number.h"
#include "provisioning/demo/demo_people.h"
#include "provisioning/demo/demo_photo.h"
#include "provisioning/demo/demo_table.h"

#define LONG_AGO    "2024-06-30T23:59:59.000Z"
#define ADULT_YEARS 19 /* whatever day of the year it is, at least 18 */
#define AGE_SPAN    70
#define IRIS_EVERY  4 /* one in so many has irises too */

struct special {
    const char *note;
    bool deactivated, expired, hotlisted, infant, no_phone, no_photo, no_biometrics;
    const char *lock;     /* a factor of MOSIP's lock list; NULL: none */
    const char *vid_type; /* NULL: no VID */
    bool vid_revoked;
    int vid_uses; /* 0: without limit */
};

static const struct special ordinary = {.note = "ordinary"};
static const struct special specials[] = {
    {.note = "deactivated", .deactivated = true},
    {.note = "revoked VID", .vid_type = "Perpetual", .vid_revoked = true},
    {.note = "expired", .expired = true},
    {.note = "locked otp-phone", .lock = "otp-phone"},
    {.note = "locked demo", .lock = "demo"},
    {.note = "infant", .infant = true},
    {.note = "no phone", .no_phone = true},
    {.note = "hotlisted", .hotlisted = true},
    {.note = "perpetual VID", .vid_type = "Perpetual"},
    {.note = "one-time VID", .vid_type = "OneTimeUse", .vid_uses = 1},
    {.note = "no photo", .no_photo = true},
    {.note = "no biometrics", .no_biometrics = true},
    {.note = "locked bio-Finger", .lock = "bio-Finger"},
};
enum { SPECIALS = sizeof specials / sizeof *specials };

struct maker {
    struct demo_random random;
    json_t *numbers; /* every UIN and VID given so far */
    int year;
};

/* What chance has decided about one person. */
struct traits {
    const struct demo_words *given, *family, *street, *quarter;
    const struct demo_place *place;
    enum demo_gender gender;
    unsigned house, floor; /* floor 0: none */
    enum demo_language preferred;
    enum demo_language languages[3];
    size_t language_count;
};

static uint32_t below(struct maker *maker, uint32_t bound) {
    return demo_random_below(&maker->random, bound);
}

static const struct demo_words *pick(struct maker *maker, const struct demo_list *list) {
    return &list->words[below(maker, (uint32_t)list->count)];
}

/* Everyone has a name in Arabic and in French; most also in English or in Amazigh. */
static void pick_languages(struct maker *maker, struct traits *traits) {
    static const enum demo_language preferred[] = {DEMO_ARA, DEMO_ARA, DEMO_ARA, DEMO_ARA,
                                                   DEMO_ARA, DEMO_FRA, DEMO_FRA, DEMO_ZGH,
                                                   DEMO_ZGH, DEMO_ENG};
    traits->preferred = preferred[below(maker, sizeof preferred / sizeof *preferred)];
    traits->languages[0] = DEMO_ARA;
    traits->languages[1] = DEMO_FRA;
    traits->languages[2] =
        traits->preferred == DEMO_ZGH || below(maker, 4) == 0 ? DEMO_ZGH : DEMO_ENG;
    if (traits->preferred == DEMO_ENG)
        traits->languages[2] = DEMO_ENG;
    bool third = traits->preferred == traits->languages[2] || below(maker, 8) > 0;
    traits->language_count = third ? 3 : 2;
}

static struct traits pick_traits(struct maker *maker) {
    struct traits traits = {.gender = (enum demo_gender)below(maker, DEMO_GENDERS)};
    traits.given = pick(maker, &demo_table_given[traits.gender]);
    traits.family = pick(maker, &demo_table_family);
    traits.street = pick(maker, &demo_table_streets);
    traits.quarter = pick(maker, &demo_table_quarters);
    traits.place = &demo_table_places[below(maker, (uint32_t)demo_table_place_count)];
    traits.house = 1 + below(maker, 180);
    traits.floor = below(maker, 4);
    pick_languages(maker, &traits);
    return traits;
}

/* ${language} NULL: the same in every language. */
static void add_attribute(json_t *attributes, const char *name, const char *language,
                          const char *value) {
    (void)json_array_append_new(attributes, json_pack("{s:s, s:s*, s:s}", "name", name, "language",
                                                      language, "value", value));
}

/* ${pattern} with its "#" replaced by ${number}. */
static void put_number(char *target, size_t size, const char *pattern, unsigned number) {
    const char *mark = strchr(pattern, '#');
    int before = mark == NULL ? (int)strlen(pattern) : (int)(mark - pattern);
    if (mark == NULL)
        (void)snprintf(target, size, "%s", pattern);
    else
        (void)snprintf(target, size, "%.*s%u%s", before, pattern, number, mark + 1);
}

static void add_in_language(json_t *attributes, const struct traits *traits,
                            enum demo_language language) {
    const char *code = demo_table_codes[language];
    char text[160];
    (void)snprintf(text, sizeof text, "%s %s", traits->given->in[language],
                   traits->family->in[language]);
    add_attribute(attributes, "fullName", code, text);
    add_attribute(attributes, "gender", code, demo_table_genders[traits->gender].in[language]);
    put_number(text, sizeof text, traits->street->in[language], traits->house);
    add_attribute(attributes, "addressLine1", code, text);
    add_attribute(attributes, "addressLine2", code, traits->quarter->in[language]);
    put_number(text, sizeof text, demo_table_floor.in[language], traits->floor);
    if (traits->floor > 0)
        add_attribute(attributes, "addressLine3", code, text);
    add_attribute(attributes, "city", code, traits->place->city.in[language]);
    add_attribute(attributes, "region", code, traits->place->region.in[language]);
    add_attribute(attributes, "province", code, traits->place->province.in[language]);
}

static json_t *make_attributes(const struct traits *traits) {
    json_t *attributes = json_array();
    for (size_t i = 0; i < traits->language_count; i++)
        add_in_language(attributes, traits, traits->languages[i]);
    add_attribute(attributes, "postalCode", NULL, traits->place->postal_code);
    return attributes;
}

static json_t *make_phone(struct maker *maker) {
    unsigned kind = 6 + below(maker, 2);
    return json_sprintf("+212%u%08u", kind, below(maker, 100000000));
}

/* In a domain that is reserved for examples (RFC 2606). */
static json_t *make_email(const struct traits *traits, uint32_t index) {
    char local[64];
    size_t len = 0;
    for (const char *at = traits->given->in[DEMO_ENG]; *at != '\0' && len < 40; at++) {
        if (isascii((unsigned char)*at) && isalpha((unsigned char)*at))
            local[len++] = (char)tolower((unsigned char)*at);
    }
    local[len] = '\0';
    return json_sprintf("%s.%u@example.org", local, index + 1);
}

static json_t *make_birth_date(struct maker *maker, const struct special *special) {
    int age = special->infant ? 2 : ADULT_YEARS + (int)below(maker, AGE_SPAN);
    unsigned month = 1 + below(maker, 12), day = 1 + below(maker, 28);
    return json_sprintf("%04d/%02u/%02u", maker->year - age, month, day);
}

static enum err add_photo(const char *uin, json_t *person) {
    uint8_t image[DEMO_PHOTO_BYTES_MAX];
    char text[CODEC_BASE64_CHARS(DEMO_PHOTO_BYTES_MAX) + 3];
    struct buffer jpeg = buffer_over(image, sizeof image);
    struct buffer base64 = buffer_over(text, sizeof text);
    ERR_TRY(demo_photo_draw(uin, &jpeg));
    codec_base64(&base64, bytes_of(image, jpeg.len));
    json_t *photo = json_stringn(text, base64.len);
    return json_object_set_new(person, "photo", photo) == 0 ? base64.err : ERR_SYSTEM;
}

static enum err add_biometrics(const char *uin, bool with_irises, json_t *person) {
    json_t *biometrics;
    ERR_TRY(demo_biometrics_enrol(uin, with_irises, &biometrics));
    return json_object_set_new(person, "biometrics", biometrics) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err add_vid(struct maker *maker, const struct special *special, json_t *person) {
    char number[DEMO_NUMBER_SIZE];
    if (special->vid_type == NULL)
        return ERR_OK;
    ERR_TRY(demo_number_make(&maker->random, IDENTIFIER_VID, maker->numbers, number));
    json_t *vid = json_pack("{s:s, s:s, s:b, s:i}", "vid", number, "type", special->vid_type,
                            "revoked", special->vid_revoked, "uses", special->vid_uses);
    return json_object_set_new(person, "vids", json_pack("[o]", vid)) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err make_person(struct maker *maker, const struct special *special, uint32_t index,
                            json_t **person) {
    char uin[DEMO_NUMBER_SIZE];
    struct traits traits = pick_traits(maker);
    ERR_TRY(demo_number_make(&maker->random, IDENTIFIER_UIN, maker->numbers, uin));
    json_t *phone = make_phone(maker);
    if (special->no_phone) {
        json_decref(phone);
        phone = NULL;
    }
    *person = json_pack("{s:s, s:s, s:o*, s:o, s:s, s:o, s:o}", "note", special->note, "uin", uin,
                        "phone", phone, "email", make_email(&traits, index), "language",
                        demo_table_codes[traits.preferred], "dob", make_birth_date(maker, special),
                        "attributes", make_attributes(&traits));
    if (*person == NULL)
        return ERR_SYSTEM;
    if (special->deactivated)
        (void)json_object_set_new(*person, "deactivated", json_true());
    if (special->hotlisted)
        (void)json_object_set_new(*person, "hotlisted", json_true());
    if (special->expired)
        (void)json_object_set_new(*person, "expires", json_string(LONG_AGO));
    if (special->lock != NULL)
        (void)json_object_set_new(*person, "locks", json_pack("[s]", special->lock));
    if (!special->no_photo)
        ERR_TRY(add_photo(uin, *person));
    if (!special->no_biometrics)
        ERR_TRY(add_biometrics(uin, index % IRIS_EVERY == SPECIALS % IRIS_EVERY, *person));
    return add_vid(maker, special, *person);
}

static enum err make_all(struct maker *maker, uint32_t count, json_t *people) {
    for (uint32_t i = 0; i < count; i++) {
        json_t *person = NULL;
        enum err err = make_person(maker, i < SPECIALS ? &specials[i] : &ordinary, i, &person);
        if (err == ERR_OK && json_array_append(people, person) != 0)
            err = ERR_SYSTEM;
        json_decref(person);
        ERR_TRY(err);
    }
    return ERR_OK;
}

enum err demo_people_make(const struct demo_people_order *order, json_t **people) {
    struct maker maker;
    int month, day;
    *people = NULL;
    if (order->count < DEMO_PEOPLE_LEAST || order->count > DEMO_PEOPLE_MOST)
        return ERR_CONFIG;
    demo_random_open(&maker.random, order->seed);
    clock_date(order->today_ms, &maker.year, &month, &day);
    maker.numbers = json_object();
    json_t *made = json_array();
    enum err err = make_all(&maker, order->count, made);
    json_decref(maker.numbers);
    if (err == ERR_OK)
        *people = made;
    else
        json_decref(made);
    return err;
}
