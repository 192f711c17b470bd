#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"
#include "authd/wire/unseal_wire.h"

/*
 * request.biometrics[] as it came, before anything of it is verified or decrypted: what each member
 * says, and how it was found. Which of it must be there, and what it must agree with, is core's.
 */
#define BIOMETRIC_SEGMENTS_MAX 13  /* ten fingers, two irises, a face */
#define BIOMETRIC_NAME_SIZE    128 /* of what a device says of itself */
#define BIOMETRIC_KEY_BYTES    256 /* a session key, encrypted */
#define BIOMETRIC_KEY_MAX      288 /* with the certificate's thumbprint in front */

/* A compact JWS with its signer's certificate (RFC 7515 §7.1), algorithm RS256. */
struct biometric_signed {
    enum field_presence presence;
    enum jws_shape shape; /* JWS_ABSENT unless PRESENT; empty unless JWS_READ: */
    struct bytes text;    /* what is signed: the characters before the last "." */
    struct bytes signature, certificate;
    bool is_json; /* the payload is one JSON object; what it holds is read then, and only then */
};

/* A time of a device; well formed in either pattern: in whole seconds, or with milliseconds. */
struct biometric_time {
    struct text_field text;
    bool valid;
    int64_t wall_ms;
};

enum biometric_capture {
    BIOMETRIC_CAPTURE_NONE = 0, /* no such name: see the text for what is there */
    BIOMETRIC_CAPTURE_FINGER,   /* an image */
    BIOMETRIC_CAPTURE_MINUTIAE, /* "FMR" */
    BIOMETRIC_CAPTURE_IRIS,
    BIOMETRIC_CAPTURE_FACE,
};

enum biometric_part {
    BIOMETRIC_PART_NONE = 0, /* the member is missing, null, or blank */
    BIOMETRIC_PART_BAD,      /* no name of a part that the capture's kind has */
    BIOMETRIC_PART_UNKNOWN,  /* "UNKNOWN" */
    BIOMETRIC_PART_KNOWN,
};

/* What a device says of itself, in digitalId. */
struct biometric_device {
    struct biometric_signed jws;
    struct text_field serial_number, make, model, type, sub_type, provider, provider_id;
    struct biometric_time time;
};

struct biometric_segment {
    struct text_field spec_version;
    struct blob_field hash;        /* 32 bytes, from upper-case hex alone */
    struct blob_field session_key; /* BIOMETRIC_KEY_BYTES or BIOMETRIC_KEY_MAX */
    struct blob_field thumbprint;  /* 32 bytes */
    struct biometric_signed data;
    /* in it: */
    struct biometric_device device;
    struct text_field device_code, service_version, transaction_id, purpose, env, domain_uri,
        version;
    struct biometric_time time;
    struct text_field capture_text, part_text;
    enum biometric_capture capture;
    enum biometric_part part;
    uint8_t position;            /* of a known part: 1 to 10 as finger.h; 1 right, 2 left iris */
    struct blob_field bio_value; /* encrypted, its tag behind it */
};

struct biometric_segments {
    bool malformed; /* no list, or an element that is no object: then there are none */
    bool too_many;  /* those over the bound are not read */
    size_t count;
    struct biometric_segment segments[BIOMETRIC_SEGMENTS_MAX];
};
