#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "firmware/base/log.h"
#include "firmware/base/secret.h"
#include "authd/plugin/vendor.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

_Static_assert(MATCH_PLUGIN_TEMPLATE_MAX == PLUGIN_TEMPLATE_MAX, "one bound");
_Static_assert(MATCH_PLUGIN_SCORE_MAX == FINGER_SCORE_MAX, "one scale");
_Static_assert(MATCH_PLUGIN_NAME_SIZE + MATCH_PLUGIN_VERSION_SIZE <= PLUGIN_NAME_SIZE,
               "name, hyphen and version fit");

static struct {
    const struct match_plugin *table;
    void *instance;
    struct plugin_hello hello;
    uint8_t *output; /* PLUGIN_TEMPLATE_MAX, whole pages between two guards */
} vendor;

static enum err complain(struct library_problem *problem, const char *text) {
    snprintf(problem->text, sizeof problem->text, "%s", text);
    return ERR_CONFIG;
}

/* A write beyond either end of it ends the process. */
static enum err make_output(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (PLUGIN_TEMPLATE_MAX % page != 0)
        return ERR_SYSTEM;
    uint8_t *memory =
        mmap(NULL, PLUGIN_TEMPLATE_MAX + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return ERR_SYSTEM;
    vendor.output = memory + page;
    if (mprotect(vendor.output, PLUGIN_TEMPLATE_MAX, PROT_READ | PROT_WRITE) != 0)
        return ERR_SYSTEM;
    return ERR_OK;
}

static bool is_visible(const char *text, size_t size) {
    size_t len = strnlen(text, size);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return len > 0 && len < size;
}

static enum err take_description(struct library_problem *problem) {
    struct match_plugin_description said = {.name = ""};
    if (vendor.table->describe(vendor.instance, &said) != MATCH_PLUGIN_OK)
        return complain(problem, "the matcher does not describe itself: ask the vendor");
    if (!is_visible(said.name, sizeof said.name) || !is_visible(said.version, sizeof said.version))
        return complain(problem, "the matcher's name or version is not visible ASCII");
    if (said.modalities == 0 || said.modalities >= 1u << COUNT_OF(vendor.hello.modalities))
        return complain(problem, "the matcher compares neither finger, iris nor face");
    snprintf(vendor.hello.name, sizeof vendor.hello.name, "%s-%s", said.name, said.version);
    for (size_t i = 0; i < COUNT_OF(vendor.hello.modalities); i++)
        vendor.hello.modalities[i] = (said.modalities & 1u << i) != 0;
    return ERR_OK;
}

enum err vendor_open(const struct match_plugin *table, const char *settings,
                     struct library_problem *problem) {
    ERR_TRY(make_output());
    if (table->init(settings, strlen(settings), &vendor.instance) != MATCH_PLUGIN_OK)
        return complain(problem, "the matcher does not start: see what its vendor says of "
                                 "`settings`, and which files its user must be able to read");
    vendor.table = table;
    return take_description(problem);
}

void vendor_close(void) {
    if (vendor.table != NULL)
        vendor.table->close(vendor.instance);
    vendor.table = NULL;
}

const struct plugin_hello *vendor_hello(void) {
    return &vendor.hello;
}

static enum err blame(const char *call, const char *reason) {
    log_event(LOG_ERROR, "matcher-failed", "call=%s reason=%s", call, reason);
    return ERR_UNAVAILABLE;
}

static struct match_plugin_image image_of(const struct plugin_record *record) {
    static const uint8_t formats[BIOMETRIC_FORMATS] = {
        [BIOMETRIC_ISO_19794_4_2005] = MATCH_PLUGIN_ISO_19794_4_2005,
        [BIOMETRIC_ISO_19794_4_2011] = MATCH_PLUGIN_ISO_19794_4_2011,
        [BIOMETRIC_ISO_19794_5_2005] = MATCH_PLUGIN_ISO_19794_5_2005,
        [BIOMETRIC_ISO_19794_5_2011] = MATCH_PLUGIN_ISO_19794_5_2011,
        [BIOMETRIC_ISO_19794_6_2005] = MATCH_PLUGIN_ISO_19794_6_2005,
        [BIOMETRIC_ISO_19794_6_2011] = MATCH_PLUGIN_ISO_19794_6_2011,
    };
    return (struct match_plugin_image){.modality = (uint32_t)record->modality,
                                       .format = formats[record->format],
                                       .position = record->position,
                                       .data = record->data.data,
                                       .length = record->data.len};
}

/* What the matcher does not know it is not asked for: that is no fault of its. */
static bool knows(enum biometric_modality modality) {
    return vendor.hello.modalities[modality];
}

/* ERR_DENIED: there is no template in this image. */
static enum err extract(const struct plugin_record *record, struct bytes *template) {
    struct match_plugin_image image = image_of(record);
    struct match_plugin_output output = {.data = vendor.output, .capacity = PLUGIN_TEMPLATE_MAX};
    *template = bytes_of(NULL, 0);
    int result = vendor.table->extract(vendor.instance, &image, &output);
    if (result == MATCH_PLUGIN_NO_TEMPLATE)
        return ERR_DENIED;
    if (result != MATCH_PLUGIN_OK)
        return blame("extract", "its-own");
    if (output.length == 0 || output.length > PLUGIN_TEMPLATE_MAX)
        return blame("extract", "template-over-the-bound");
    *template = bytes_of(vendor.output, output.length);
    return ERR_OK;
}

static enum err judge_quality(const struct plugin_record *record, uint8_t *quality) {
    struct match_plugin_image image = image_of(record);
    uint32_t said = 0;
    int result = vendor.table->quality(vendor.instance, &image, &said);
    if (result == MATCH_PLUGIN_NO_TEMPLATE)
        return ERR_DENIED;
    if (result != MATCH_PLUGIN_OK)
        return blame("quality", "its-own");
    if (said > MATCH_PLUGIN_QUALITY_MAX)
        return blame("quality", "off-the-scale");
    *quality = (uint8_t)said;
    return ERR_OK;
}

enum err vendor_extract(const struct plugin_extract *question, struct plugin_extracted *answer) {
    struct plugin_extracted made = {.status = ERR_OK};
    *answer = (struct plugin_extracted){.status = ERR_UNAVAILABLE};
    if (!knows(question->record.modality))
        return ERR_OK;
    enum err err = extract(&question->record, &made.template);
    if (err == ERR_OK)
        err = judge_quality(&question->record, &made.quality);
    *answer = err == ERR_OK ? made : (struct plugin_extracted){.status = err};
    return err == ERR_DENIED ? ERR_OK : err;
}

static struct match_plugin_template template_of(const struct plugin_record *record,
                                                struct bytes data) {
    return (struct match_plugin_template){.modality = (uint32_t)record->modality,
                                          .position = record->position,
                                          .data = data.data,
                                          .length = data.len};
}

static enum err compare(const struct match_plugin_template *one,
                        const struct match_plugin_template *other, uint32_t *score) {
    uint32_t said = 0;
    bool differ = one->position != 0 && other->position != 0 && one->position != other->position;
    *score = 0;
    if (differ)
        return ERR_OK;
    if (vendor.table->compare(vendor.instance, one, other, &said) != MATCH_PLUGIN_OK)
        return blame("compare", "its-own");
    if (said > MATCH_PLUGIN_SCORE_MAX)
        return blame("compare", "off-the-scale");
    *score = said;
    return ERR_OK;
}

/* One presented record with all that are enrolled. */
static enum err compare_row(const struct plugin_record *presented,
                            const struct plugin_compare *question, uint32_t *scores) {
    struct bytes data;
    enum err err = extract(presented, &data);
    if (err == ERR_DENIED)
        return ERR_OK; /* like nobody */
    ERR_TRY(err);
    struct match_plugin_template one = template_of(presented, data);
    for (size_t i = 0; i < question->enrolled_count; i++) {
        struct match_plugin_template other =
            template_of(&question->enrolled[i], question->enrolled[i].data);
        ERR_TRY(compare(&one, &other, &scores[i]));
    }
    return ERR_OK;
}

enum err vendor_compare(const struct plugin_compare *question, struct plugin_compared *answer) {
    *answer = (struct plugin_compared){.status = ERR_UNAVAILABLE};
    if (!knows(question->presented[0].modality))
        return ERR_OK;
    *answer = (struct plugin_compared){.status = ERR_OK,
                                       .presented_count = question->presented_count,
                                       .enrolled_count = question->enrolled_count};
    for (size_t i = 0; i < question->presented_count; i++) {
        enum err err = compare_row(&question->presented[i], question, answer->scores[i]);
        if (err == ERR_OK)
            continue;
        *answer = (struct plugin_compared){.status = err};
        return err;
    }
    return ERR_OK;
}

void vendor_forget(void) {
    if (vendor.output != NULL)
        secret_wipe(vendor.output, PLUGIN_TEMPLATE_MAX);
}
