#include <stdio.h>

#include "provisioning/programme/biometric_story.h"

static void tell_parts(const char *kind, const char *const *parts, size_t count) {
    for (size_t i = 0; i < count; i++)
        printf(
            "    %s %s: encrypted to the HSM in the device, signed by the device and its maker\n",
            parts[i], kind);
}

json_t *biometric_story_capture(const struct kit *kit, const struct devices_capture *capture) {
    struct devices devices = {0};
    json_t *biometrics = NULL;
    const char *note = json_string_value(json_object_get(capture->holder, "note"));
    printf(
        "[1] a capture device at the counter (transaction %s); who holds it: %s, person \"%s\"\n",
        capture->transaction_id,
        json_string_value(json_object_get(capture->holder, "individualId")),
        note != NULL ? note : "");
    enum err result =
        devices_open(&devices, kit, capture->finger_count > 0, capture->iris_count > 0);
    if (result == ERR_OK)
        result = devices_take(&devices, capture, &biometrics);
    devices_close(&devices);
    if (result != ERR_OK)
        return NULL;
    tell_parts("(minutiae)", capture->fingers, capture->finger_count);
    tell_parts("iris (code)", capture->irises, capture->iris_count);
    return biometrics;
}
