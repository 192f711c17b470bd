#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "provisioning/programme/biometric_story.h"

static void tell_parts(const char *kind, const char *const *parts, size_t count) {
    for (size_t i = 0; i < count; i++)
        printf("    %s, %s: encrypted to the HSM and signed inside the device\n", parts[i], kind);
}

static void tell_holder(const struct devices_capture *capture, const char *individual_id) {
    const char *holder = json_string_value(json_object_get(capture->holder, "individualId"));
    if (holder != NULL && strcmp(holder, individual_id) != 0)
        printf("    held on it by %s, who claims to be %s\n", holder, individual_id);
}

json_t *biometric_story_capture(const struct mosip_parties *parties,
                                const struct devices_capture *capture) {
    struct devices devices = {0};
    json_t *biometrics = NULL;
    bool finger = capture->finger_count > 0, iris = capture->iris_count > 0;
    printf("[1] a capture device takes %s (transaction %s)\n",
           finger && iris ? "fingers and irises"
           : finger       ? "fingers"
                          : "irises",
           parties->transaction_id);
    tell_holder(capture, parties->individual_id);
    enum err result = devices_open(&devices, parties->kit, finger, iris);
    if (result == ERR_OK)
        result = devices_take(&devices, capture, &biometrics);
    devices_close(&devices);
    if (result != ERR_OK)
        return NULL;
    tell_parts("minutiae", capture->fingers, capture->finger_count);
    tell_parts("iris code", capture->irises, capture->iris_count);
    return biometrics;
}
