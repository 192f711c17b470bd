#include "provisioning/programme/devices.h"

#include <stdlib.h>

enum err devices_open(struct devices *devices, const struct kit *kit, bool finger, bool iris) {
    *devices = (struct devices){.kit = kit};
    if (finger)
        ERR_TRY(device_open(&devices->finger, kit, "Finger"));
    if (iris)
        ERR_TRY(device_open(&devices->iris, kit, "Iris"));
    return ERR_OK;
}

void devices_close(struct devices *devices) {
    device_close(devices->finger);
    device_close(devices->iris);
    *devices = (struct devices){0};
}

/* The captures of one request so far. */
struct taking {
    const struct devices *devices;
    const struct devices_capture *capture;
    uint8_t chain[DEVICE_HASH_BYTES];
    json_t *biometrics;
};

static enum err take_one(struct taking *taking, const struct device *device, const char *type,
                         const char *part) {
    const struct devices_capture *capture = taking->capture;
    struct device_capture one = {.type = type,
                                 .sub_type = part,
                                 .transaction_id = capture->transaction_id,
                                 .domain_uri = capture->domain_uri};
    ERR_TRY(kit_capture(taking->devices->kit, capture->holder, part, capture->number, &one.record));
    enum err result = device_capture(device, &one, taking->chain, taking->biometrics);
    free((void *)(uintptr_t)one.record.data);
    return result;
}

enum err devices_take(const struct devices *devices, const struct devices_capture *capture,
                      json_t **biometrics) {
    struct taking taking = {.devices = devices, .capture = capture, .biometrics = json_array()};
    enum err result = taking.biometrics != NULL ? ERR_OK : ERR_FULL;
    device_chain_start(taking.chain);
    for (size_t i = 0; i < capture->finger_count && result == ERR_OK; i++)
        result = take_one(&taking, devices->finger, "Finger", capture->fingers[i]);
    for (size_t i = 0; i < capture->iris_count && result == ERR_OK; i++)
        result = take_one(&taking, devices->iris, "Iris", capture->irises[i]);
    *biometrics = result == ERR_OK ? taking.biometrics : NULL;
    if (result != ERR_OK)
        json_decref(taking.biometrics);
    return result;
}
