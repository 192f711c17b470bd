#include "authd/unseal/samples.h"

#include <string.h>

#include "authd/unseal/bio_value.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/gcm.h"
#include "authd/unseal/payload.h"
#include "authd/wire/biometric_name.h"

enum err samples_open(void) {
    ERR_TRY(gcm_open());
    ERR_TRY(digest_open());
    return device_trust_open();
}

void samples_close(void) {
    gcm_close();
    digest_close();
    device_trust_close();
}

/* ---- the segments ---- */

/* The text as the one member of an object, which is what a parser takes. */
static enum err wrap(struct bytes text, struct buffer *workspace, struct json *json) {
    static const char before[] = "{\"biometrics\":", after[] = "}";
    size_t start = workspace->len;
    buffer_raw(workspace, before, sizeof before - 1);
    buffer_raw(workspace, text.data, text.len);
    buffer_raw(workspace, after, sizeof after - 1);
    if (workspace->err != ERR_OK)
        return workspace->err;
    return json_parse(bytes_of(workspace->data + start, workspace->len - start), PAYLOAD_NODES_MAX,
                      json);
}

static void read_segments(struct bytes text, struct buffer *workspace,
                          struct biometric_segments *segments) {
    struct json json;
    const struct json_node *value = NULL;
    if (wrap(text, workspace, &json) == ERR_OK)
        value = json_member(&json, json_root(&json), "biometrics");
    memset(segments, 0, sizeof *segments);
    segments->malformed = value == NULL || value->len != text.len;
    if (!segments->malformed)
        biometrics_read(&json, value, workspace, segments);
}

static enum err verify(const struct biometric_segments *segments,
                       const struct samples_question *question, struct samples *samples) {
    static struct device_trust trust;
    enum err err = ERR_OK;
    device_trust_begin(&trust, question);
    for (size_t i = 0; i < segments->count && err == ERR_OK; i++) {
        const struct biometric_segment *segment = &segments->segments[i];
        struct sample *sample = &samples->samples[i];
        if (segment->data.shape == JWS_READ)
            err = digest_sha256(segment->data.text, sample->hash);
        device_trust_verify(&trust, DEVICE_TRUST_DEVICE, &segment->data, &sample->data_trusted);
        device_trust_verify(&trust, DEVICE_TRUST_FTM, &segment->device.jws,
                            &sample->digital_id_trusted);
    }
    device_trust_end(&trust);
    return err;
}

/* ---- what is sealed ---- */

static enum err open_block(const struct biometric_segment *segment,
                           const uint8_t key[static SAMPLE_KEY_BYTES], struct secret *block,
                           bool *opened) {
    struct bio_value value = {segment->time.text.text, segment->transaction_id.text,
                              segment->bio_value.data};
    *opened = false;
    if (segment->time.text.presence != FIELD_PRESENT ||
        segment->transaction_id.presence != FIELD_PRESENT || segment->bio_value.data.len == 0)
        return ERR_OK;
    return bio_value_open(&value, key, block, opened);
}

/* A link is the hash of the one before and of the block's hash (§3.4). */
static enum err lengthen(struct secret *link, const struct secret *block) {
    ERR_TRY(digest_sha256(secret_view(block), link->data + DIGEST_BYTES));
    return digest_sha256(secret_view(link), link->data);
}

static enum err open_blocks(const struct biometric_segments *segments,
                            const struct samples_question *question,
                            struct samples_opened *opened) {
    SECRET(link); /* of all before; hash of the block */
    bool unbroken = true;
    ERR_TRY(secret_new(&link, 2 * DIGEST_BYTES));
    ERR_TRY(digest_sha256(bytes_of(NULL, 0), link.data));
    for (size_t i = 0; i < segments->count; i++) {
        const struct biometric_segment *segment = &segments->segments[i];
        struct sample *sample = &opened->samples.samples[i];
        ERR_TRY(open_block(segment, question->keys[i], &opened->blocks[i], &sample->opened));
        if (sample->opened && unbroken) {
            ERR_TRY(lengthen(&link, &opened->blocks[i]));
            ERR_TRY(secret_equal(bytes_of(link.data, DIGEST_BYTES), segment->hash.data,
                                 &sample->chained));
        }
        unbroken = unbroken && sample->chained;
    }
    return ERR_OK;
}

/* ---- the records ---- */

static void take_minutiae(struct biometric_record *record, struct sample *sample) {
    if (record->finger_count != 1) {
        sample->reason = BIOMETRIC_TOO_MANY_VIEWS;
        return;
    }
    sample->kind = SAMPLE_MINUTIAE;
    sample->minutiae = record->fingers[0].minutiae;
}

/* Its canonical form takes the place of what came, which is as long. */
static void take_container(const struct biometric_record *record, struct secret *block,
                           struct sample *sample) {
    if (record->container_len != block->len) {
        sample->reason = BIOMETRIC_WRONG_LENGTH;
        return;
    }
    sample->kind =
        record->format == BIOMETRIC_IDCS_IRIS_CODE ? SAMPLE_IRIS_CODE : SAMPLE_FACE_VECTOR;
    memcpy(block->data, record->container, record->container_len);
    sample->data = secret_view(block);
}

static void take_image(struct secret *block, struct sample *sample) {
    if (sample->capture == BIOMETRIC_CAPTURE_MINUTIAE) {
        sample->reason = BIOMETRIC_UNEXPECTED;
        return;
    }
    sample->kind = SAMPLE_IMAGE;
    sample->data = secret_view(block);
}

static void read_block(struct secret *block, struct biometric_record *record,
                       struct sample *sample) {
    struct biometric_announced announced = {.modality = biometric_name_modality(sample->capture),
                                            .position = sample->position};
    biometric_record_read(secret_view(block), announced, record);
    sample->format = record->format;
    sample->reason = record->reason;
    if (record->reason == BIOMETRIC_NO_EXTRACTOR)
        take_image(block, sample);
    else if (record->finger_count > 0)
        take_minutiae(record, sample);
    else if (record->container_len > 0)
        take_container(record, block, sample);
}

static void read_blocks(const struct biometric_segments *segments, struct samples_opened *opened) {
    for (size_t i = 0; i < segments->count; i++) {
        struct sample *sample = &opened->samples.samples[i];
        sample->capture = segments->segments[i].capture;
        sample->position = segments->segments[i].position;
        sample->reason = BIOMETRIC_UNRECOGNISED;
        if (sample->capture != BIOMETRIC_CAPTURE_NONE && sample->data_trusted &&
            sample->digital_id_trusted && sample->opened && sample->chained)
            read_block(&opened->blocks[i], &opened->record, sample);
    }
}

static enum err unseal(const struct biometric_segments *segments,
                       const struct samples_question *question, struct samples_opened *opened) {
    if (segments->malformed || segments->too_many || segments->count != question->key_count)
        return ERR_OK;
    opened->samples.count = segments->count;
    ERR_TRY(verify(segments, question, &opened->samples));
    ERR_TRY(open_blocks(segments, question, opened));
    read_blocks(segments, opened);
    return ERR_OK;
}

enum err samples_unseal(const struct samples_question *question, struct buffer *workspace,
                        struct secret *memory) {
    static struct biometric_segments segments;
    ERR_TRY(secret_new(memory, sizeof(struct samples_opened)));
    read_segments(question->text, workspace, &segments);
    enum err err = unseal(&segments, question, (struct samples_opened *)memory->data);
    secret_wipe(&segments, sizeof segments);
    return err;
}

const struct samples *samples_view(const struct secret *memory) {
    return &((const struct samples_opened *)memory->data)->samples;
}

void samples_forget(struct secret *memory) {
    if (memory->data == NULL)
        return;
    struct samples_opened *opened = (struct samples_opened *)memory->data;
    for (size_t i = 0; i < BIOMETRIC_SEGMENTS_MAX; i++)
        secret_free(&opened->blocks[i]);
    secret_free(memory);
}
