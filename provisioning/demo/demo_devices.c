#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "provisioning/demo/demo_certificate.h"
#include "provisioning/demo/demo_devices.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_secret.h"

#define DAYS        1095
#define NAME_SIZE   128
#define FOLDER      "devices"
#define DEVICE_CA   "device-ca.pem"
#define FTM_CA      "ftm-ca.pem"
#define PROVIDER    "IDCS demonstration devices"
#define PROVIDER_ID "IDCS-DEMO"

static const struct device {
    const char *id, *serial_number, *make, *model, *type, *sub_type;
    bool has_chip;
} devices[] = {
    {"finger-l0", "F-0001", "Essai", "Finger 100", "Finger", "Single", false},
    {"finger-l1", "F-0002", "Essai", "Finger 200", "Finger", "Slap", true},
    {"iris-l1", "I-0001", "Essai", "Iris 200", "Iris", "Double", true},
};
enum { DEVICES = sizeof devices / sizeof *devices };

static const struct {
    const char *domain, *certificate;
} anchors[] = {{"DEVICE", DEVICE_CA}, {"FTM", DEVICE_CA}, {"FTM", FTM_CA}};

/* "devices/ID.SUFFIX" */
static void name_file(char name[static NAME_SIZE], const struct device *device,
                      const char *suffix) {
    (void)snprintf(name, NAME_SIZE, FOLDER "/%s.%s", device->id, suffix);
}

static enum err issue(const char *directory, const struct device *device, const char *suffix,
                      const struct demo_certificate *authority, const char *password) {
    char name[NAME_SIZE], path[DEMO_FILE_PATH_SIZE];
    DEMO_CERTIFICATE_CLEANUP struct demo_certificate issued = {0};
    const struct demo_certificate_subject subject = {
        .common_name = device->serial_number,
        .organisation = PROVIDER,
        .key_usage = "critical,digitalSignature",
        .days = DAYS,
    };
    ERR_TRY(demo_certificate_issue(authority, DEMO_KEY_RSA_2048, &subject, &issued));
    name_file(name, device, suffix);
    ERR_TRY(demo_file_path(path, directory, name));
    return demo_certificate_write_p12(path, &issued, authority, password);
}

static enum err make_device(const char *directory, const struct device *device,
                            const struct demo_certificate *device_ca,
                            const struct demo_certificate *ftm_ca) {
    char name[NAME_SIZE], path[DEMO_FILE_PATH_SIZE];
    DEMO_SECRET_CLEANUP struct demo_secret password = {0};
    name_file(name, device, "password");
    ERR_TRY(demo_file_path(path, directory, name));
    ERR_TRY(demo_secret_make_file(path, &password));
    ERR_TRY(issue(directory, device, "p12", device_ca, password.text));
    if (!device->has_chip)
        return ERR_OK;
    return issue(directory, device, "ftm.p12", ftm_ca, password.text);
}

static enum err write_authority(const char *directory, const char *name,
                                const struct demo_certificate *authority) {
    char path[DEMO_FILE_PATH_SIZE];
    ERR_TRY(demo_file_path(path, directory, name));
    return demo_file_write_certificate(path, authority->certificate);
}

enum err demo_devices_make(const char *directory) {
    char path[DEMO_FILE_PATH_SIZE];
    DEMO_CERTIFICATE_CLEANUP struct demo_certificate device_ca = {0}, ftm_ca = {0};
    ERR_TRY(demo_certificate_authority("Demo device CA", DEMO_KEY_RSA_2048, &device_ca));
    ERR_TRY(demo_certificate_authority("Demo FTM CA", DEMO_KEY_RSA_2048, &ftm_ca));
    ERR_TRY(demo_file_path(path, directory, FOLDER));
    ERR_TRY(demo_file_directory(path));
    for (size_t i = 0; i < DEVICES; i++)
        ERR_TRY(make_device(directory, &devices[i], &device_ca, &ftm_ca));
    ERR_TRY(write_authority(directory, DEVICE_CA, &device_ca));
    return write_authority(directory, FTM_CA, &ftm_ca);
}

enum err demo_devices_add_trust(json_t *trust) {
    for (size_t i = 0; i < sizeof anchors / sizeof *anchors; i++)
        if (json_array_append_new(trust, json_pack("{s:s, s:s}", "domain", anchors[i].domain,
                                                   "certificate", anchors[i].certificate)) != 0)
            return ERR_SYSTEM;
    return ERR_OK;
}

static enum err copy(const char *from, const char *to, const char *name) {
    char source[DEMO_FILE_PATH_SIZE], target[DEMO_FILE_PATH_SIZE];
    ERR_TRY(demo_file_path(source, from, name));
    ERR_TRY(demo_file_path(target, to, name));
    return demo_file_copy(source, target, DEMO_FILE_SECRET);
}

static json_t *digital_id(const struct device *device) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "serialNo", device->serial_number,
                     "make", device->make, "model", device->model, "type", device->type,
                     "deviceSubType", device->sub_type, "deviceProvider", PROVIDER,
                     "deviceProviderId", PROVIDER_ID);
}

static enum err hand_over(const char *from, const char *to, const struct device *device,
                          json_t *list) {
    char p12[NAME_SIZE], ftm_p12[NAME_SIZE], password_name[NAME_SIZE];
    json_t *password;
    name_file(p12, device, "p12");
    name_file(ftm_p12, device, "ftm.p12");
    name_file(password_name, device, "password");
    ERR_TRY(copy(from, to, p12));
    if (device->has_chip)
        ERR_TRY(copy(from, to, ftm_p12));
    ERR_TRY(demo_secret_read_file(from, password_name, &password));
    json_t *made = json_pack("{s:s, s:s, s:o, s:s*, s:o}", "id", device->id, "p12", p12,
                             "p12_password", password, "ftm_p12", device->has_chip ? ftm_p12 : NULL,
                             "digital_id", digital_id(device));
    return json_array_append_new(list, made) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err hand_over_all(const char *from, const char *to, json_t *list) {
    char path[DEMO_FILE_PATH_SIZE];
    ERR_TRY(demo_file_path(path, from, DEVICE_CA));
    if (access(path, F_OK) != 0)
        return ERR_OK;
    ERR_TRY(demo_file_path(path, to, FOLDER));
    ERR_TRY(demo_file_directory(path));
    for (size_t i = 0; i < DEVICES; i++)
        ERR_TRY(hand_over(from, to, &devices[i], list));
    return ERR_OK;
}

enum err demo_devices_hand_over(const char *from, const char *to, json_t **list) {
    json_t *made = json_array();
    enum err err = hand_over_all(from, to, made);
    *list = err == ERR_OK ? made : NULL;
    if (err != ERR_OK)
        json_decref(made);
    return err;
}
