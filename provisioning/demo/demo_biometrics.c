#include <stdio.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "provisioning/demo/demo_biometrics.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_finger.h"
#include "provisioning/demo/demo_iris.h"
#include "provisioning/demo/demo_record.h"

#define FOLDER      "biometrics"
#define QUALITY     80
#define SEED_SIZE   96
#define NAME_SIZE   128
#define BASE64_SIZE (CODEC_BASE64_CHARS(DEMO_BIOMETRICS_RECORD_MAX) + 3)

static const struct {
    const char *name, *file, *suffix;
    uint8_t position; /* of a finger as in struct finger_template, of an iris an iris_code_eye */
    bool is_iris;
    enum demo_record_edition edition;
} parts[DEMO_BIOMETRICS_PARTS] = {
    [DEMO_RIGHT_INDEX] = {"Right IndexFinger", "right-index", "fmr", 2, false, DEMO_RECORD_2005},
    [DEMO_LEFT_INDEX] = {"Left IndexFinger", "left-index", "fmr", 7, false, DEMO_RECORD_2011},
    [DEMO_RIGHT_IRIS] = {"Right", "right-iris", "irc", IRIS_CODE_EYE_RIGHT, true, 0},
    [DEMO_LEFT_IRIS] = {"Left", "left-iris", "irc", IRIS_CODE_EYE_LEFT, true, 0},
};

/* A counter with a clerk who looks: a demonstration is not about wrong refusals. */
static const struct demo_finger_capture careful = {
    .turn = 4, .shift = 8, .stretch = 1.2f, .blur = 0.8f, .missed = 5, .invented = 4};

const char *demo_biometrics_name(enum demo_biometrics_part part) {
    return parts[part].name;
}

static void capture_finger(const char *uin, enum demo_biometrics_part part, unsigned number,
                           struct buffer *record) {
    char seed[SEED_SIZE];
    struct demo_random random;
    struct demo_finger finger;
    struct finger_template minutiae;
    (void)snprintf(seed, sizeof seed, "%s/%s", uin, parts[part].name);
    demo_random_open(&random, seed);
    demo_finger_make(&finger, &random);
    (void)snprintf(seed, sizeof seed, "%s/%s/%u", uin, parts[part].name, number);
    demo_random_open(&random, seed);
    demo_finger_impress(&finger, &careful, &random, &minutiae);
    minutiae.position = parts[part].position;
    minutiae.quality = QUALITY;
    demo_record_write(&minutiae, parts[part].edition, record);
}

static void capture_iris(const char *uin, enum demo_biometrics_part part, unsigned number,
                         struct buffer *record) {
    char seed[SEED_SIZE];
    struct demo_random random;
    struct iris_code code;
    (void)snprintf(seed, sizeof seed, "%s/iris %s", uin, parts[part].name);
    demo_random_open(&random, seed);
    const struct demo_iris iris = {.shape = demo_iris_small,
                                   .eye = demo_random_below(&random, UINT32_MAX),
                                   .capture = number,
                                   .noise = 0.2,
                                   .turn = (int)number,
                                   .lids = 50};
    demo_iris_make(&iris, &code);
    code.eye = parts[part].position;
    iris_code_write(record, &code);
}

void demo_biometrics_capture(const char *uin, enum demo_biometrics_part part, unsigned number,
                             struct buffer *record) {
    if (parts[part].is_iris)
        capture_iris(uin, part, number, record);
    else
        capture_finger(uin, part, number, record);
}

static enum err enrol_part(const char *uin, enum demo_biometrics_part part, json_t *biometrics) {
    uint8_t memory[DEMO_BIOMETRICS_RECORD_MAX];
    char text[BASE64_SIZE];
    struct buffer record = buffer_over(memory, sizeof memory);
    struct buffer base64 = buffer_over(text, sizeof text);
    struct bytes written;
    demo_biometrics_capture(uin, part, 0, &record);
    ERR_TRY(buffer_end(&record, &written));
    codec_base64(&base64, written);
    json_t *list = json_pack("[s#]", text, (int)base64.len);
    return json_object_set_new(biometrics, parts[part].name, list) == 0 ? base64.err : ERR_SYSTEM;
}

enum err demo_biometrics_enrol(const char *uin, bool with_irises, json_t **biometrics) {
    json_t *made = json_object();
    enum err err = made != NULL ? ERR_OK : ERR_SYSTEM;
    for (unsigned part = 0; part < DEMO_BIOMETRICS_PARTS && err == ERR_OK; part++)
        if (with_irises || !parts[part].is_iris)
            err = enrol_part(uin, (enum demo_biometrics_part)part, made);
    *biometrics = err == ERR_OK ? made : NULL;
    if (err != ERR_OK)
        json_decref(made);
    return err;
}

static enum err write_capture(const char *uin, enum demo_biometrics_part part, unsigned number,
                              const char *path) {
    uint8_t memory[DEMO_BIOMETRICS_RECORD_MAX];
    struct buffer record = buffer_over(memory, sizeof memory);
    struct bytes written;
    demo_biometrics_capture(uin, part, number, &record);
    ERR_TRY(buffer_end(&record, &written));
    return demo_file_write_again(path, written);
}

static enum err hand_over_part(const char *uin, enum demo_biometrics_part part, const char *id,
                               const char *directory, json_t *biometrics) {
    char name[NAME_SIZE], path[DEMO_FILE_PATH_SIZE];
    json_t *files = json_array();
    if (json_object_set_new(biometrics, parts[part].name, files) != 0)
        return ERR_SYSTEM;
    for (unsigned number = 0; number < DEMO_BIOMETRICS_CAPTURES; number++) {
        (void)snprintf(name, sizeof name, FOLDER "/%s-%s-%u.%s", id, parts[part].file, number,
                       parts[part].suffix);
        ERR_TRY(demo_file_path(path, directory, name));
        ERR_TRY(write_capture(uin, part, number, path));
        if (json_array_append_new(files, json_string(name)) != 0)
            return ERR_SYSTEM;
    }
    return ERR_OK;
}

enum err demo_biometrics_hand_over(const json_t *person, const char *id, const char *directory,
                                   json_t **biometrics) {
    const json_t *enrolled = json_object_get(person, "biometrics");
    const char *uin = json_string_value(json_object_get(person, "uin"));
    char folder[DEMO_FILE_PATH_SIZE];
    json_t *made = json_object();
    enum err err = uin == NULL || made == NULL ? ERR_MALFORMED : ERR_OK;
    if (err == ERR_OK)
        err = demo_file_path(folder, directory, FOLDER);
    if (err == ERR_OK)
        err = demo_file_directory(folder);
    for (unsigned part = 0; part < DEMO_BIOMETRICS_PARTS && err == ERR_OK; part++)
        if (json_object_get(enrolled, parts[part].name) != NULL)
            err = hand_over_part(uin, (enum demo_biometrics_part)part, id, directory, made);
    *biometrics = err == ERR_OK ? made : NULL;
    if (err != ERR_OK)
        json_decref(made);
    return err;
}
