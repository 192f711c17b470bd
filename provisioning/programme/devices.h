#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "firmware/base/err.h"
#include "provisioning/programme/device.h"

/* The capture devices at a programme's counter, and what people hold on them. */
#define DEVICES_PARTS 13 /* ten fingers, two irises, a face: more than a kit has */

struct devices {
    const struct kit *kit;
    struct device *finger, *iris;
};
/* Opens those that are asked for. ERR_NOT_FOUND, ERR_CRYPTO; said on stderr. */
MUST_CHECK enum err devices_open(struct devices *devices, const struct kit *kit, bool finger,
                                 bool iris);
void devices_close(struct devices *devices);

struct devices_capture {
    const json_t *holder; /* of the kit: whose fingers and eyes they are */
    const char *transaction_id, *domain_uri;
    unsigned number; /* of each capture: 0 is what is enrolled */
    size_t finger_count, iris_count;
    const char *fingers[DEVICES_PARTS], *irises[DEVICES_PARTS]; /* "Right IndexFinger"; "Left" */
};
/* The member `biometrics` of a request, which the caller frees. ERR_NOT_FOUND: the kit has no such
 * capture of the holder (said on stderr); ERR_CRYPTO. */
MUST_CHECK enum err devices_take(const struct devices *devices,
                                 const struct devices_capture *capture, json_t **biometrics);
