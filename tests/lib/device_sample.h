#pragma once

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

#include "firmware/base/bytes.h"
#include "authd/wire/sample_wire.h"

/*
 * The member `biometrics` as a capture device writes it (MOSIP's §3.1 to 3.4): signed, encrypted
 * and chained by the OpenSSL calls that a device would make. Whatever cannot be made ends the
 * program.
 */
struct device_signer {
    EVP_PKEY *key;
    struct bytes certificate; /* DER */
};

/* One text of what is signed, as it is changed behind the signer's back. */
struct device_change {
    const char *old, *new; /* of one length; NULL: nothing is changed */
};

struct device_segment {
    const char *type, *part; /* "Finger", "Left Thumb"; part NULL: none */
    struct bytes block;
    const struct device_signer *data_signer, *id_signer;
    struct device_change data_change, id_change;
    const char *timestamp, *transaction_id; /* NULL: DEVICE_SAMPLE_TIME and _TRANSACTION */
};
#define DEVICE_SAMPLE_TIME        "2024-01-15T10:20:30.123Z"
#define DEVICE_SAMPLE_TRANSACTION "1234567890"

struct device_sample {
    size_t count;
    struct device_element {
        size_t at, len; /* in ${memory} */
        uint8_t key[SAMPLE_KEY_BYTES];
    } elements[BIOMETRIC_SEGMENTS_MAX];
    uint8_t link[32]; /* of the hash chain */
    struct buffer written;
    uint8_t memory[EDGE_BODY_MAX];
};

void device_sample_begin(struct device_sample *sample);
/* The segments' keys differ; each is chained to those added before. */
void device_sample_add(struct device_sample *sample, const struct device_segment *segment);
/* The list in the order of ${elements}. */
struct bytes device_sample_text(const struct device_sample *sample, char *text, size_t size);

/* A question with that text and the segments' keys, at ${now_ms}, as yet without anchors. */
void device_sample_question(const struct device_sample *sample, struct bytes text, int64_t now_ms,
                            struct samples_question *question);

/* The records of iris_code.h and face_vector.h that can be read. */
size_t device_sample_iris(uint8_t eye, uint8_t *memory, size_t size);
size_t device_sample_face(uint8_t *memory, size_t size);
