#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/codec.h"
#include "provisioning/demo/demo_biometrics.h"
#include "provisioning/demo/demo_kit_people.h"
#include "provisioning/demo/demo_photo.h"

/* From stored names to those of a request (MOSIP's default identity mapping). */
static const struct mapping {
    const char *stored, *requested;
    bool by_language;
} mappings[] = {
    {"fullName", "name", true},
    {"gender", "gender", true},
    {"addressLine1", "addressLine1", true},
    {"addressLine2", "addressLine2", true},
    {"addressLine3", "addressLine3", true},
    {"city", "location1", true},
    {"region", "location2", true},
    {"province", "location3", true},
    {"postalCode", "postalCode", false},
};

static enum err add_attribute(json_t *demographics, const json_t *attribute) {
    const char *name = json_string_value(json_object_get(attribute, "name"));
    json_t *value = json_object_get(attribute, "value");
    for (size_t i = 0; name != NULL && i < sizeof mappings / sizeof *mappings; i++) {
        const char *member = mappings[i].requested;
        if (strcmp(name, mappings[i].stored) != 0)
            continue;
        if (!mappings[i].by_language)
            return json_object_set(demographics, member, value) == 0 ? ERR_OK : ERR_SYSTEM;
        if (json_object_get(demographics, member) == NULL &&
            json_object_set_new(demographics, member, json_array()) != 0)
            return ERR_SYSTEM;
        json_t *element = json_pack("{s:O, s:O}", "language",
                                    json_object_get(attribute, "language"), "value", value);
        json_t *list = json_object_get(demographics, member);
        return json_array_append_new(list, element) == 0 ? ERR_OK : ERR_SYSTEM;
    }
    return ERR_MALFORMED;
}

static enum err fill_demographics(const json_t *person, json_t *demographics) {
    static const char *const members[][2] = {
        {"dob", "dob"}, {"phone", "phoneNumber"}, {"email", "emailId"}};
    size_t index;
    const json_t *attribute;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *value = json_object_get(person, members[i][0]);
        if (value != NULL && json_object_set(demographics, members[i][1], value) != 0)
            return ERR_SYSTEM;
    }
    json_array_foreach(json_object_get(person, "attributes"), index, attribute)
        ERR_TRY(add_attribute(demographics, attribute));
    return ERR_OK;
}

/* Null for a person without a photo. */
static json_t *photo_hash(const json_t *person) {
    const char *text = json_string_value(json_object_get(person, "photo"));
    uint8_t image[DEMO_PHOTO_BYTES_MAX], hash[crypto_hash_sha256_BYTES];
    char hex[2 * sizeof hash + 1];
    size_t len = 0;
    if (text == NULL ||
        codec_base64_decode(bytes_of_text(text), CODEC_STRICT, image, sizeof image, &len) != ERR_OK)
        return json_null();
    (void)crypto_hash_sha256(hash, image, len);
    return json_string(sodium_bin2hex(hex, sizeof hex, hash, sizeof hash));
}

/* What stands in kit.json of ${person}; takes ${demographics} and ${biometrics}. */
static json_t *entry_of(const json_t *person, const json_t *vid, json_t *demographics,
                        json_t *biometrics) {
    const json_t *identifier =
        json_object_get(vid != NULL ? vid : person, vid != NULL ? "vid" : "uin");
    return json_pack("{s:O, s:s, s:O?, s:O, s:O, s:o, s:O, s:o, s:o}", "individualId", identifier,
                     "individualIdType", vid != NULL ? "VID" : "UIN", "phone",
                     json_object_get(person, "phone"), "email", json_object_get(person, "email"),
                     "language", json_object_get(person, "language"), "demographics", demographics,
                     "note", json_object_get(person, "note"), "photo_sha256", photo_hash(person),
                     "biometrics", biometrics);
}

static enum err add_person(const json_t *person, const char *directory, json_t *chosen) {
    const json_t *vid = json_array_get(json_object_get(person, "vids"), 0);
    const char *id = json_string_value(vid != NULL ? json_object_get(vid, "vid")
                                                   : json_object_get(person, "uin"));
    json_t *demographics = json_object(), *biometrics = NULL;
    enum err err = id != NULL ? fill_demographics(person, demographics) : ERR_MALFORMED;
    if (err == ERR_OK)
        err = demo_biometrics_hand_over(person, id, directory, &biometrics);
    if (err != ERR_OK) {
        json_decref(demographics);
        return err;
    }
    json_t *made = entry_of(person, vid, demographics, biometrics);
    return json_array_append_new(chosen, made) == 0 ? ERR_OK : ERR_MALFORMED;
}

static enum err choose(const json_t *people, const char *directory, json_t *chosen) {
    size_t index, ordinary = 0;
    const json_t *person;
    json_array_foreach(people, index, person) {
        const char *note = json_string_value(json_object_get(person, "note"));
        if (note == NULL)
            return ERR_MALFORMED;
        bool is_ordinary = strcmp(note, "ordinary") == 0;
        if (!is_ordinary || ordinary++ < DEMO_KIT_ORDINARY)
            ERR_TRY(add_person(person, directory, chosen));
    }
    return json_array_size(chosen) > 0 ? ERR_OK : ERR_MALFORMED;
}

enum err demo_kit_people_choose(const json_t *people, const char *directory, json_t **chosen) {
    json_t *list = json_array();
    enum err err = choose(people, directory, list);
    *chosen = err == ERR_OK ? list : NULL;
    if (err != ERR_OK)
        json_decref(list);
    if (err == ERR_MALFORMED)
        fprintf(stderr, "idcs-demo: this is no list of demo people: make one with "
                        "`idcs-demo people`\n");
    return err;
}
