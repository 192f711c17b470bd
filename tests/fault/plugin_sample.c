#include <stdlib.h>
#include <string.h>

#include "authd/match/finger.h"
#include "authd/match/finger_scratch.h"
#include "authd/plugin/match_plugin.h"
#include "tests/lib/finger_image.h"

/*
 * A vendor's library as it should be, for fingers: its images are those of finger_image.h, its
 * comparison is the box's own, so that its scores are on the scale that it promises. A template is
 * the image record itself.
 */
struct sample {
    struct finger_template finger;
    struct finger_prepared one, other;
    struct finger_scratch scratch;
};

static int sample_init(const char *settings, size_t length, void **instance) {
    if (settings[length] != '\0')
        return MATCH_PLUGIN_FAILED;
    *instance = calloc(1, sizeof(struct sample));
    return *instance == NULL ? MATCH_PLUGIN_FAILED : MATCH_PLUGIN_OK;
}

static int sample_describe(void *instance, struct match_plugin_description *description) {
    (void)instance;
    *description = (struct match_plugin_description){
        .name = "sample", .version = "1.0", .modalities = 1u << MATCH_PLUGIN_FINGER};
    return MATCH_PLUGIN_OK;
}

/* Whoever cannot be compared has no template either. */
static int read_image(struct sample *sample, const struct match_plugin_image *image) {
    if (image->format != MATCH_PLUGIN_ISO_19794_4_2005)
        return MATCH_PLUGIN_NO_TEMPLATE;
    enum err err = finger_image_read(bytes_of(image->data, image->length), &sample->finger);
    if (err == ERR_OK)
        err = finger_prepare(&sample->finger, &sample->one);
    bool good = err == ERR_OK && sample->one.count > 0 &&
                sample->finger.quality <= MATCH_PLUGIN_QUALITY_MAX;
    return good ? MATCH_PLUGIN_OK : MATCH_PLUGIN_NO_TEMPLATE;
}

static void forget(struct sample *sample) {
    explicit_bzero(sample, sizeof *sample);
}

static int sample_extract(void *instance, const struct match_plugin_image *image,
                          struct match_plugin_output *output) {
    struct sample *sample = instance;
    int result = read_image(sample, image);
    if (result == MATCH_PLUGIN_OK && image->length <= output->capacity) {
        memcpy(output->data, image->data, image->length);
        output->length = image->length;
    }
    forget(sample);
    return result;
}

static int sample_quality(void *instance, const struct match_plugin_image *image,
                          uint32_t *quality) {
    struct sample *sample = instance;
    int result = read_image(sample, image);
    *quality = sample->finger.quality;
    forget(sample);
    return result;
}

static enum err prepare(struct sample *sample, const struct match_plugin_template *stored,
                        struct finger_prepared *prepared) {
    ERR_TRY(finger_image_read(bytes_of(stored->data, stored->length), &sample->finger));
    return finger_prepare(&sample->finger, prepared);
}

static int sample_compare(void *instance, const struct match_plugin_template *one,
                          const struct match_plugin_template *other, uint32_t *score) {
    struct sample *sample = instance;
    enum err err = prepare(sample, one, &sample->one);
    if (err == ERR_OK)
        err = prepare(sample, other, &sample->other);
    if (err == ERR_OK)
        *score = finger_compare(&sample->one, &sample->other, &sample->scratch);
    forget(sample);
    return err == ERR_OK ? MATCH_PLUGIN_OK : MATCH_PLUGIN_FAILED;
}

static void sample_close(void *instance) {
    free(instance);
}

const struct match_plugin match_plugin = {
    .abi_version = MATCH_PLUGIN_ABI_VERSION,
    .table_bytes = sizeof match_plugin,
    .init = sample_init,
    .describe = sample_describe,
    .extract = sample_extract,
    .quality = sample_quality,
    .compare = sample_compare,
    .close = sample_close,
};
