#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "provisioning/demo/demo_certificate.h"
#include "provisioning/demo/demo_devices.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_jose.h"
#include "provisioning/demo/demo_policy.h"
#include "provisioning/demo/demo_programmes.h"
#include "provisioning/demo/demo_secret.h"

#define PARTNER_DAYS 1095
#define SERVER_DAYS  397 /* the most that clients of today take */
#define MISP_ID      "misp-demo"
#define AUTH_CA      "auth-ca.pem"
#define TLS_SERVER   "tls/server.pem"
#define TLS_KEY      "tls/server.key"

/* "DIRECTORY/partners/ID.SUFFIX". */
static enum err partner_path(char path[static DEMO_FILE_PATH_SIZE], const char *directory,
                             const struct demo_partner *partner, const char *suffix) {
    char name[128];
    (void)snprintf(name, sizeof name, "partners/%s.%s", partner->id, suffix);
    return demo_file_path(path, directory, name);
}

static enum err make_partner_certificate(const char *directory, const struct demo_partner *partner,
                                         const struct demo_certificate *authority,
                                         const char *password) {
    char path[DEMO_FILE_PATH_SIZE];
    DEMO_CERTIFICATE_CLEANUP struct demo_certificate issued = {0};
    const struct demo_certificate_subject subject = {
        .common_name = partner->id,
        .organisation = partner->name,
        .key_usage = "critical,digitalSignature,keyEncipherment",
        .days = PARTNER_DAYS,
    };
    ERR_TRY(demo_certificate_issue(authority, DEMO_KEY_RSA_2048, &subject, &issued));
    ERR_TRY(partner_path(path, directory, partner, "pem"));
    ERR_TRY(demo_file_write_certificate(path, issued.certificate));
    ERR_TRY(partner_path(path, directory, partner, "p12"));
    return demo_certificate_write_p12(path, &issued, authority, password);
}

static enum err make_partner(const char *directory, const struct demo_partner *partner,
                             const struct demo_certificate *authority) {
    char path[DEMO_FILE_PATH_SIZE];
    DEMO_SECRET_CLEANUP struct demo_secret password = {0}, api_key = {0};
    ERR_TRY(partner_path(path, directory, partner, "password"));
    ERR_TRY(demo_secret_make_file(path, &password));
    ERR_TRY(make_partner_certificate(directory, partner, authority, password.text));
    ERR_TRY(demo_jose_make(directory, partner, authority));
    ERR_TRY(partner_path(path, directory, partner, "api-key"));
    return demo_secret_make_file(path, &api_key);
}

static enum err make_partners(const char *directory) {
    char path[DEMO_FILE_PATH_SIZE];
    DEMO_SECRET_CLEANUP struct demo_secret license = {0};
    DEMO_CERTIFICATE_CLEANUP struct demo_certificate authority = {0};
    ERR_TRY(demo_certificate_authority("Demo partner CA", DEMO_KEY_RSA_2048, &authority));
    ERR_TRY(demo_file_path(path, directory, "partners"));
    ERR_TRY(demo_file_directory(path));
    for (size_t i = 0; i < demo_policy_partner_count; i++)
        ERR_TRY(make_partner(directory, &demo_policy_partners[i], &authority));
    ERR_TRY(demo_file_path(path, directory, DEMO_PROGRAMMES_MISP_KEY));
    ERR_TRY(demo_secret_make_file(path, &license));
    ERR_TRY(demo_file_path(path, directory, AUTH_CA));
    return demo_file_write_certificate(path, authority.certificate);
}

static enum err make_tls(const char *directory) {
    char path[DEMO_FILE_PATH_SIZE];
    DEMO_CERTIFICATE_CLEANUP struct demo_certificate authority = {0}, server = {0};
    const struct demo_certificate_subject subject = {
        .common_name = "localhost",
        .organisation = "IDCS demonstration",
        .key_usage = "critical,digitalSignature",
        .extended_key_usage = "serverAuth",
        .alternative_names = "DNS:localhost,IP:127.0.0.1,IP:::1",
        .days = SERVER_DAYS,
    };
    ERR_TRY(demo_certificate_authority("Demo TLS CA", DEMO_KEY_P256, &authority));
    ERR_TRY(demo_certificate_issue(&authority, DEMO_KEY_P256, &subject, &server));
    ERR_TRY(demo_file_path(path, directory, "tls"));
    ERR_TRY(demo_file_directory(path));
    ERR_TRY(demo_file_path(path, directory, DEMO_PROGRAMMES_TLS_CA));
    ERR_TRY(demo_file_write_certificate(path, authority.certificate));
    ERR_TRY(demo_file_path(path, directory, TLS_SERVER));
    ERR_TRY(demo_file_write_certificate(path, server.certificate));
    ERR_TRY(demo_file_path(path, directory, TLS_KEY));
    return demo_file_write_key(path, server.key);
}

static json_t *partner_json(const struct demo_partner *partner) {
    char policy_id[DEMO_POLICY_ID_SIZE];
    demo_policy_id(partner, policy_id);
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:s*, s:s, s:o}", "id", partner->id, "name", partner->name,
        "status", partner->status, "certificate", json_sprintf("partners/%s.pem", partner->id),
        "apiKeyFile", json_sprintf("partners/%s.api-key", partner->id), "apiKeyExpires",
        partner->api_key_expires, "policyId", policy_id, "jose", demo_jose_registration(partner));
}

static enum err write_list(const char *directory) {
    char path[DEMO_FILE_PATH_SIZE];
    json_t *policies = json_array(), *partners = json_array();
    for (size_t i = 0; i < demo_policy_partner_count; i++) {
        (void)json_array_append_new(policies, demo_policy_json(&demo_policy_partners[i]));
        (void)json_array_append_new(partners, partner_json(&demo_policy_partners[i]));
    }
    json_t *trust = json_pack("[{s:s, s:s}]", "domain", "AUTH", "certificate", AUTH_CA);
    DEMO_JSON_CLEANUP json_t *all =
        json_pack("{s:o, s:o, s:{s:s, s:s}, s:o}", "trust", trust, "policies", policies, "misp",
                  "id", MISP_ID, "licenseKeyFile", DEMO_PROGRAMMES_MISP_KEY, "partners", partners);
    ERR_TRY(demo_devices_add_trust(trust));
    ERR_TRY(demo_file_path(path, directory, DEMO_PROGRAMMES_FILE));
    return demo_file_write_json(path, all, DEMO_FILE_PUBLIC);
}

enum err demo_programmes_make(const char *directory, bool *made) {
    char path[DEMO_FILE_PATH_SIZE];
    *made = false;
    ERR_TRY(demo_file_path(path, directory, DEMO_PROGRAMMES_FILE));
    if (access(path, F_OK) == 0)
        return ERR_OK;
    ERR_TRY(demo_file_directory(directory));
    ERR_TRY(make_partners(directory));
    ERR_TRY(demo_devices_make(directory));
    ERR_TRY(make_tls(directory));
    ERR_TRY(write_list(directory));
    *made = true;
    return ERR_OK;
}
