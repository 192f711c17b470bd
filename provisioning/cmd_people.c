#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "firmware/base/frame.h"
#include "provisioning/cmd.h"
#include "provisioning/officer_input.h"
#include "provisioning/officer_json.h"

#define PROGRESS_LINES 10

/* What the photo of a struct officer_person points into: the one that was read last. */
static uint8_t photo_memory[2 * PHOTO_BYTES_MAX];

/* ---- one person of the file ---- */

static enum result read_lock(const json_t *element, const char *where, struct identity *identity) {
    static const struct {
        const char *text;
        enum identity_lock lock;
    } all[] = {{"otp-phone", LOCK_OTP_PHONE}, {"otp-email", LOCK_OTP_EMAIL},
               {"demo", LOCK_DEMO},           {"bio-Finger", LOCK_BIO_FINGER},
               {"bio-Iris", LOCK_BIO_IRIS},   {"bio-Face", LOCK_BIO_FACE}};
    const char *text;
    RESULT_TRY(officer_json_text(element, where, "locks", &text));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(text, all[i].text) != 0)
            continue;
        identity->locks |= all[i].lock;
        return RESULT_DONE;
    }
    return officer_json_refuse(where, "locks");
}

static enum result read_locks(const json_t *list, const char *where, struct identity *identity) {
    for (size_t i = 0; i < json_array_size(list); i++)
        RESULT_TRY(read_lock(json_array_get(list, i), where, identity));
    return RESULT_DONE;
}

/* ${view} borrows the text of ${value}. */
static enum result read_view(const json_t *value, const char *where, const char *member,
                             struct bytes *view) {
    const char *text;
    RESULT_TRY(officer_json_text(value, where, member, &text));
    *view = bytes_of_text(text);
    return RESULT_DONE;
}

static enum result read_attribute(const json_t *element, const char *where,
                                  struct identity *identity) {
    if (identity->attribute_count == IDENTITY_ATTRIBUTES_MAX)
        return officer_json_refuse(where, "attributes");
    struct identity_attribute *attribute = &identity->attributes[identity->attribute_count++];
    const struct officer_json_member members[] = {
        {"name", OFFICER_JSON_IGNORED, true, NULL, 0},
        {"language", OFFICER_JSON_TEXT, false, attribute->language, sizeof attribute->language},
        {"value", OFFICER_JSON_IGNORED, true, NULL, 0},
    };
    RESULT_TRY(OFFICER_JSON_READ(element, where, members));
    RESULT_TRY(read_view(json_object_get(element, "name"), where, "name", &attribute->name));
    return read_view(json_object_get(element, "value"), where, "value", &attribute->value);
}

static enum result read_attributes(const json_t *list, const char *where,
                                   struct identity *identity) {
    for (size_t i = 0; i < json_array_size(list); i++)
        RESULT_TRY(read_attribute(json_array_get(list, i), where, identity));
    return RESULT_DONE;
}

static enum result read_vid(const json_t *element, const char *where,
                            struct officer_person *person) {
    static const struct {
        const char *text;
        enum alias_type type;
    } all[] = {{"Perpetual", ALIAS_PERPETUAL},
               {"Temporary", ALIAS_TEMPORARY},
               {"OneTimeUse", ALIAS_ONE_TIME}};
    char type[16] = "";
    if (person->vid_count == OFFICER_VIDS_MAX)
        return officer_json_refuse(where, "vids");
    struct officer_vid *vid = &person->vids[person->vid_count++];
    const struct officer_json_member members[] = {
        {"vid", OFFICER_JSON_TEXT, true, vid->vid, sizeof vid->vid},
        {"type", OFFICER_JSON_TEXT, true, type, sizeof type},
        {"revoked", OFFICER_JSON_BOOLEAN, false, &vid->revoked, 0},
        {"expires", OFFICER_JSON_TIME, false, &vid->expires_ms, 0},
        {"uses", OFFICER_JSON_COUNT, false, &vid->uses, 0},
    };
    RESULT_TRY(OFFICER_JSON_READ(element, where, members));
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        vid->type = all[i].type;
        if (strcmp(type, all[i].text) == 0)
            return RESULT_DONE;
    }
    return officer_json_refuse(where, "type");
}

static enum result read_vids(const json_t *list, const char *where, struct officer_person *person) {
    for (size_t i = 0; i < json_array_size(list); i++)
        RESULT_TRY(read_vid(json_array_get(list, i), where, person));
    return RESULT_DONE;
}

/* "1985", "1985-03-21" or MOSIP's "1985/03/21". */
static enum result read_birth_date(const char *text, const char *where, struct identity *identity) {
    char copy[16];
    int64_t year = 0, month = 0, day = 0;
    size_t len = strlen(text);
    enum err err = len == 0 || len == 4 || len == 10 ? ERR_OK : ERR_MALFORMED;
    (void)snprintf(copy, sizeof copy, "%.10s", text);
    if (err == ERR_OK && len == 10) {
        if ((copy[4] != '-' && copy[4] != '/') || copy[7] != copy[4])
            return officer_json_refuse(where, "dob");
        copy[4] = copy[7] = '\0';
        err = codec_integer(copy + 5, 1, 12, &month);
        if (err == ERR_OK)
            err = codec_integer(copy + 8, 1, 31, &day);
    }
    if (err == ERR_OK && len > 0)
        err = codec_integer(copy, 1, 9999, &year);
    if (err != ERR_OK)
        return officer_json_refuse(where, "dob");
    identity->birth_year = (int16_t)year;
    identity->birth_month = (uint8_t)month;
    identity->birth_day = (uint8_t)day;
    return RESULT_DONE;
}

/* true: for good; a date: until then. */
static enum result read_hotlisted(const json_t *value, const char *where,
                                  struct officer_person *person) {
    char name[OFFICER_JSON_PLACE_SIZE];
    if (value == NULL || json_is_null(value))
        return RESULT_DONE;
    person->hotlisted = !json_is_false(value);
    if (json_is_boolean(value))
        return RESULT_DONE;
    if (!json_is_string(value)) {
        officer_text_complain(TEXT_BAD_HOTLISTED, where, NULL);
        return RESULT_USAGE;
    }
    struct bytes text;
    RESULT_TRY(read_view(value, where, "hotlisted", &text));
    (void)snprintf(name, sizeof name, "%s: hotlisted", where);
    RESULT_TRY(officer_input_time(name, (const char *)text.data, &person->hotlisted_until_ms));
    if (person->hotlisted_until_ms > 0)
        return RESULT_DONE;
    officer_text_complain(TEXT_BAD_HOTLISTED, where, NULL); /* 0 would be for good */
    return RESULT_USAGE;
}

/* An image file as standard or URL-safe base64. */
static enum result read_photo(const json_t *value, const char *where, struct bytes *photo) {
    char most[16];
    size_t len = 0;
    if (value == NULL || json_is_null(value))
        return RESULT_DONE;
    struct bytes text;
    RESULT_TRY(read_view(value, where, "photo", &text));
    enum err err =
        codec_base64_decode(text, CODEC_SKIP_NEWLINES, photo_memory, sizeof photo_memory, &len);
    *photo = bytes_of(photo_memory, len);
    if (err == ERR_OK)
        err = photo_check(*photo);
    if (err == ERR_OK)
        return RESULT_DONE;
    (void)snprintf(most, sizeof most, "%u", PHOTO_BYTES_MAX);
    if (err == ERR_FULL || err == ERR_TOO_LARGE)
        officer_text_complain(TEXT_PHOTO_TOO_LARGE, where, most);
    else
        officer_text_complain(TEXT_PHOTO_NO_IMAGE, where, NULL);
    return RESULT_USAGE;
}

static enum result read_person(const json_t *object, const char *where,
                               struct officer_person *person) {
    struct identity *identity = &person->identity;
    char birth_date[16] = "";
    const json_t *attributes = NULL, *locks = NULL, *vids = NULL;
    const struct officer_json_member members[] = {
        {"uin", OFFICER_JSON_TEXT, true, identity->uin, sizeof identity->uin},
        {"phone", OFFICER_JSON_TEXT, false, identity->phone, sizeof identity->phone},
        {"email", OFFICER_JSON_TEXT, false, identity->email, sizeof identity->email},
        {"language", OFFICER_JSON_TEXT, false, identity->language, sizeof identity->language},
        {"dob", OFFICER_JSON_TEXT, false, birth_date, sizeof birth_date},
        {"attributes", OFFICER_JSON_ARRAY, false, &attributes, 0},
        {"locks", OFFICER_JSON_ARRAY, false, &locks, 0},
        {"deactivated", OFFICER_JSON_BOOLEAN, false, &identity->deactivated, 0},
        {"expires", OFFICER_JSON_TIME, false, &identity->expires_ms, 0},
        {"hotlisted", OFFICER_JSON_IGNORED, false, NULL, 0},
        {"vids", OFFICER_JSON_ARRAY, false, &vids, 0},
        {"photo", OFFICER_JSON_IGNORED, false, NULL, 0},
        {"biometrics", OFFICER_JSON_IGNORED, false, NULL, 0},
        {"cbeff", OFFICER_JSON_IGNORED, false, NULL, 0},
        {"note", OFFICER_JSON_IGNORED, false, NULL, 0},
    };
    *person = (struct officer_person){0};
    RESULT_TRY(OFFICER_JSON_READ(object, where, members));
    RESULT_TRY(read_birth_date(birth_date, where, identity));
    RESULT_TRY(read_attributes(attributes, where, identity));
    RESULT_TRY(read_locks(locks, where, identity));
    RESULT_TRY(read_hotlisted(json_object_get(object, "hotlisted"), where, person));
    RESULT_TRY(read_photo(json_object_get(object, "photo"), where, &person->photo));
    RESULT_TRY(cmd_biometrics_records(object, where, &person->records));
    return read_vids(vids, where, person);
}

/* ---- the file, in batches ---- */

struct import {
    struct officer_link *link;
    const char *path;
    const json_t *people;
    struct buffer batch;
    size_t first, next; /* of the batch; the one after it */
    unsigned progress;
};

static void show_progress(struct import *import) {
    size_t total = json_array_size(import->people);
    unsigned reached = (unsigned)(import->next * PROGRESS_LINES / total);
    char done[24], all[24];
    if (reached == import->progress)
        return;
    import->progress = reached;
    (void)snprintf(done, sizeof done, "%zu", import->next);
    (void)snprintf(all, sizeof all, "%zu", total);
    officer_text_print(stderr, TEXT_PEOPLE_PROGRESS, done, all);
}

static enum result send_batch(struct import *import) {
    struct officer_outcome outcome;
    struct bytes written, answer;
    if (import->next == import->first)
        return RESULT_DONE;
    if (buffer_end(&import->batch, &written) != ERR_OK) {
        officer_text_complain(TEXT_PERSON_TOO_LARGE, import->path, NULL);
        return RESULT_USAGE;
    }
    RESULT_TRY(officer_link_ask(import->link, OFFICER_PEOPLE_PUT, written, &answer));
    enum err err = officer_wire_get_outcome(answer, &outcome);
    if (err != ERR_OK) {
        officer_text_complain(TEXT_NO_ANSWER, err_text(err), NULL);
        return RESULT_REFUSED;
    }
    if (outcome.status != ERR_OK) {
        outcome.count += (uint32_t)import->first; /* the batch's index becomes the file's */
        officer_text_refusal(&outcome, import->path);
        return RESULT_REFUSED;
    }
    import->first = import->next;
    import->batch.len = 0;
    show_progress(import);
    return RESULT_DONE;
}

/* A person who does not fit into what is left of a batch begins the next. */
static enum result add_person(struct import *import, struct officer_person *person) {
    char place[OFFICER_JSON_PLACE_SIZE];
    officer_json_place(place, import->path, "people", import->next);
    RESULT_TRY(read_person(json_array_get(import->people, import->next), place, person));
    enum err err = officer_wire_add_person(&import->batch, person);
    if (err == ERR_FULL) {
        RESULT_TRY(send_batch(import));
        err = officer_wire_add_person(&import->batch, person);
    }
    if (err != ERR_OK) {
        officer_text_complain(TEXT_PERSON_TOO_LARGE, place, NULL);
        return RESULT_USAGE;
    }
    import->next++;
    return import->next - import->first == OFFICER_PEOPLE_MAX ? send_batch(import) : RESULT_DONE;
}

/* Every person is read before the first is sent: a file that is wrong changes nothing. */
static enum result check_file(const struct import *import, struct officer_person *person) {
    char place[OFFICER_JSON_PLACE_SIZE];
    for (size_t i = 0; i < json_array_size(import->people); i++) {
        officer_json_place(place, import->path, "people", i);
        RESULT_TRY(read_person(json_array_get(import->people, i), place, person));
    }
    return RESULT_DONE;
}

static enum result run_import(struct import *import) {
    static struct officer_person person;
    char total[24];
    RESULT_TRY(check_file(import, &person));
    while (import->next < json_array_size(import->people))
        RESULT_TRY(add_person(import, &person));
    RESULT_TRY(send_batch(import));
    (void)snprintf(total, sizeof total, "%zu", json_array_size(import->people));
    officer_text_print(stdout, TEXT_PEOPLE_DONE, total, NULL);
    return RESULT_DONE;
}

static enum result import_people(struct officer_link *link, const struct arguments *arguments) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct import import = {.link = link,
                            .path = arguments_get(arguments, ""),
                            .batch = buffer_over(memory, sizeof memory)};
    JSON_CLEANUP json_t *root = NULL;
    RESULT_TRY(officer_json_load(import.path, &root));
    if (!json_is_array(root))
        return officer_json_refuse(import.path, "[]");
    import.people = root;
    enum result result = run_import(&import);
    secret_wipe(memory, sizeof memory);
    secret_wipe(photo_memory, sizeof photo_memory);
    cmd_biometrics_wipe();
    return result;
}

const struct command cmd_people_import = {
    .noun = "people",
    .verb = "import",
    .about = TEXT_ABOUT_PEOPLE_IMPORT,
    .example = "officer people import people.json",
    .arguments = {{"", "FILE.json", false}},
    .run = import_people,
};
