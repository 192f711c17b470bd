#include <stdbool.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/demo/demo_devices.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_jose.h"
#include "provisioning/demo/demo_kit.h"
#include "provisioning/demo/demo_kit_people.h"
#include "provisioning/demo/demo_programmes.h"
#include "provisioning/demo/demo_secret.h"

/* The folder that ${path} is in. */
static enum err folder_of(const char *path, char folder[static DEMO_FILE_PATH_SIZE]) {
    const char *slash = strrchr(path, '/');
    int len = slash == NULL ? 1 : (int)(slash - path);
    if (len >= DEMO_FILE_PATH_SIZE)
        return ERR_TOO_LARGE;
    (void)snprintf(folder, DEMO_FILE_PATH_SIZE, "%.*s", len, slash == NULL ? "." : path);
    return ERR_OK;
}

/* Copies ${name} from the programmes' folder to the same name in the kit. */
static enum err copy_file(const struct demo_kit_order *order, const char *folder, const char *name,
                          unsigned mode) {
    char from[DEMO_FILE_PATH_SIZE], to[DEMO_FILE_PATH_SIZE];
    ERR_TRY(demo_file_path(from, folder, name));
    ERR_TRY(demo_file_path(to, order->directory, name));
    return demo_file_copy(from, to, mode);
}

static const json_t *find_by_id(const json_t *list, const char *id) {
    size_t index;
    const json_t *element;
    json_array_foreach(list, index, element) {
        const char *text = json_string_value(json_object_get(element, "id"));
        if (text != NULL && id != NULL && strcmp(text, id) == 0)
            return element;
    }
    return NULL;
}

static json_t *allowed_json(const json_t *policy) {
    return json_pack("{s:O, s:O, s:O, s:O*}", "allowedAuthTypes",
                     json_object_get(policy, "allowedAuthTypes"), "allowedKycAttributes",
                     json_object_get(policy, "allowedKycAttributes"), "authTokenType",
                     json_object_get(policy, "authTokenType"), "unsignedRequests",
                     json_object_get(policy, "unsignedRequests"));
}

/* What a programme can expect of its credentials. */
static const char *partner_status(const json_t *partner) {
    if (json_object_get(partner, "apiKeyExpires") != NULL)
        return "api key expired";
    return json_string_value(json_object_get(partner, "status"));
}

/* Lists made before there was a JOSE profile have nothing for it. */
static enum err add_jose(const struct demo_kit_order *order, const char *folder,
                         const json_t *partner, json_t *made) {
    const char *id = json_string_value(json_object_get(partner, "id"));
    json_t *jose;
    if (json_object_get(partner, "jose") == NULL)
        return ERR_OK;
    ERR_TRY(demo_jose_hand_over(folder, order->directory, id, &jose));
    return json_object_set_new(made, "jose", jose) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err add_partner(const struct demo_kit_order *order, const char *folder,
                            const json_t *policies, const json_t *partner, json_t *list) {
    const char *id = json_string_value(json_object_get(partner, "id"));
    const char *policy_id = json_string_value(json_object_get(partner, "policyId"));
    const json_t *policy = find_by_id(policies, policy_id);
    char certificate[128], p12[128], password_name[128], api_key_name[128];
    json_t *password = NULL, *api_key = NULL;
    if (id == NULL || policy == NULL) {
        fprintf(stderr, "idcs-demo: %s is not a list of this program\n", order->programmes);
        return ERR_MALFORMED;
    }
    (void)snprintf(certificate, sizeof certificate, "partners/%s.pem", id);
    (void)snprintf(p12, sizeof p12, "partners/%s.p12", id);
    (void)snprintf(password_name, sizeof password_name, "partners/%s.password", id);
    (void)snprintf(api_key_name, sizeof api_key_name, "partners/%s.api-key", id);
    ERR_TRY(copy_file(order, folder, certificate, DEMO_FILE_PUBLIC));
    ERR_TRY(copy_file(order, folder, p12, DEMO_FILE_SECRET));
    ERR_TRY(demo_secret_read_file(folder, password_name, &password));
    enum err err = demo_secret_read_file(folder, api_key_name, &api_key);
    if (err != ERR_OK) {
        json_decref(password);
        return err;
    }
    json_t *made =
        json_pack("{s:s, s:O, s:o, s:s, s:s, s:o, s:s, s:s, s:o}", "id", id, "name",
                  json_object_get(partner, "name"), "api_key", api_key, "certificate", certificate,
                  "p12", p12, "p12_password", password, "policy_id", policy_id, "status",
                  partner_status(partner), "allowed", allowed_json(policy));
    if (json_array_append_new(list, made) != 0)
        return ERR_SYSTEM;
    return add_jose(order, folder, partner, made);
}

static enum err add_partners(const struct demo_kit_order *order, const char *folder, json_t *kit) {
    DEMO_JSON_CLEANUP json_t *programmes = NULL;
    char path[DEMO_FILE_PATH_SIZE];
    json_t *list = json_array();
    size_t index;
    const json_t *partner;
    if (json_object_set_new(kit, "partners", list) != 0)
        return ERR_SYSTEM;
    ERR_TRY(demo_file_path(path, order->directory, "partners"));
    ERR_TRY(demo_file_directory(path));
    ERR_TRY(demo_file_load_json(order->programmes, &programmes));
    const json_t *policies = json_object_get(programmes, "policies");
    json_array_foreach(json_object_get(programmes, "partners"), index, partner)
        ERR_TRY(add_partner(order, folder, policies, partner, list));
    return ERR_OK;
}

/* A certificate of the box or of TLS, under a name of the kit's own. */
static enum err add_certificate(const struct demo_kit_order *order, json_t *kit, const char *member,
                                const char *from) {
    char name[64], to[DEMO_FILE_PATH_SIZE];
    (void)snprintf(name, sizeof name, "%s.pem", member);
    ERR_TRY(demo_file_path(to, order->directory, name));
    ERR_TRY(demo_file_copy(from, to, DEMO_FILE_PUBLIC));
    return json_object_set_new(kit, member, json_string(name)) == 0 ? ERR_OK : ERR_SYSTEM;
}

static enum err add_members(const struct demo_kit_order *order, const char *folder, json_t *kit) {
    char tls_ca[DEMO_FILE_PATH_SIZE], outbox[PATH_MAX];
    json_t *license_key;
    ERR_TRY(demo_file_path(tls_ca, folder, DEMO_PROGRAMMES_TLS_CA));
    ERR_TRY(add_certificate(order, kit, "ca_certificate", tls_ca));
    ERR_TRY(add_certificate(order, kit, "encryption_certificate", order->ida_partner_certificate));
    ERR_TRY(add_certificate(order, kit, "biometric_encryption_certificate",
                            order->ida_fir_certificate));
    if (realpath(order->outbox, outbox) == NULL) {
        fprintf(stderr, "idcs-demo: %s: %s: start the service first, which makes the outbox\n",
                order->outbox, strerror(errno));
        return ERR_NOT_FOUND;
    }
    ERR_TRY(demo_secret_read_file(folder, DEMO_PROGRAMMES_MISP_KEY, &license_key));
    json_t *rest = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s}", "base_url", order->base_url,
                             "jose_base_url", order->jose_base_url, "issuer", order->issuer,
                             "misp_license_key", license_key, "domain_uri", order->domain_uri,
                             "env", order->env, "outbox", outbox);
    int result = rest == NULL ? -1 : json_object_update(kit, rest);
    json_decref(rest);
    return result == 0 ? ERR_OK : ERR_SYSTEM;
}

enum err demo_kit_make(const struct demo_kit_order *order) {
    char folder[DEMO_FILE_PATH_SIZE], path[DEMO_FILE_PATH_SIZE];
    DEMO_JSON_CLEANUP json_t *people = NULL, *kit = json_object();
    json_t *chosen = NULL, *devices = NULL;
    ERR_TRY(folder_of(order->programmes, folder));
    ERR_TRY(demo_file_directory(order->directory));
    ERR_TRY(add_members(order, folder, kit));
    ERR_TRY(add_partners(order, folder, kit));
    ERR_TRY(demo_devices_hand_over(folder, order->directory, &devices));
    if (json_object_set_new(kit, "devices", devices) != 0)
        return ERR_SYSTEM;
    ERR_TRY(demo_file_load_json(order->people, &people));
    ERR_TRY(demo_kit_people_choose(people, order->directory, &chosen));
    if (json_object_set_new(kit, "people", chosen) != 0)
        return ERR_SYSTEM;
    ERR_TRY(demo_file_path(path, order->directory, "kit.json"));
    return demo_file_write_json(path, kit, DEMO_FILE_SECRET);
}
