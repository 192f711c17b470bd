#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>

#include "firmware/base/codec.h"
#include "authd/store/jose_client.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_kit.h"
#include "provisioning/demo/demo_people.h"
#include "provisioning/demo/demo_programmes.h"

/* One folder for all tests, as keys take their time: DIRECTORY/programmes, /people.json, /kit. */
static char directory[64];

static const char *path_in(const char *name) {
    static char paths[8][DEMO_FILE_PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, DEMO_FILE_PATH_SIZE, "%s/%s", directory, name);
    return path;
}

static enum err make_kit(const char *programmes) {
    const struct demo_kit_order order = {
        .people = path_in("people.json"),
        .programmes = programmes,
        .base_url = "https://127.0.0.1:8443",
        .jose_base_url = "https://127.0.0.1:8444",
        .issuer = "https://idcs.example.org",
        .outbox = directory,
        .ida_partner_certificate = path_in("programmes/auth-ca.pem"),
        .ida_fir_certificate = path_in("programmes/tls/ca.pem"),
        .domain_uri = "https://idcs.example.org",
        .env = "Staging",
        .directory = path_in("kit"),
    };
    return demo_kit_make(&order);
}

static int make_all(void **state) {
    (void)state;
    bool made;
    DEMO_JSON_CLEANUP json_t *people = NULL;
    const struct demo_people_order order = {.count = 40, .seed = "kit", .today_ms = 0};
    strcpy(directory, "/tmp/demo-XXXXXX");
    if (mkdtemp(directory) == NULL ||
        demo_programmes_make(path_in("programmes"), &made) != ERR_OK || !made ||
        demo_people_make(&order, &people) != ERR_OK ||
        demo_file_write_json(path_in("people.json"), people, DEMO_FILE_PUBLIC) != ERR_OK)
        return -1;
    return make_kit(path_in("programmes/programmes.json")) == ERR_OK ? 0 : -1;
}

static int remove_all(void **state) {
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", directory);
    return system(command);
}

static json_t *load(const char *name) {
    json_t *json = NULL;
    assert_int_equal(demo_file_load_json(path_in(name), &json), ERR_OK);
    return json;
}

static const char *text_of(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    assert_non_null(text);
    return text;
}

static X509 *load_certificate(const char *name) {
    FILE *file = fopen(path_in(name), "re");
    assert_non_null(file);
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    assert_non_null(certificate);
    return certificate;
}

/* ${name} is ${anchor}'s, by OpenSSL's strict rules. */
static void assert_path(const char *name, const char *anchor, int purpose) {
    X509 *certificate = load_certificate(name), *authority = load_certificate(anchor);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *path = X509_STORE_CTX_new();
    assert_int_equal(X509_STORE_add_cert(store, authority), 1);
    assert_int_equal(X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT), 1);
    assert_int_equal(X509_STORE_CTX_init(path, store, certificate, NULL), 1);
    if (purpose != 0)
        assert_int_equal(X509_STORE_CTX_set_purpose(path, purpose), 1);
    assert_int_equal(X509_verify_cert(path), 1);
    X509_STORE_CTX_free(path);
    X509_STORE_free(store);
    X509_free(authority);
    X509_free(certificate);
}

static void nothing_is_made_again(void **state) {
    (void)state;
    bool made = true;
    X509 *before = load_certificate("programmes/auth-ca.pem");
    assert_int_equal(demo_programmes_make(path_in("programmes"), &made), ERR_OK);
    assert_false(made);
    X509 *after = load_certificate("programmes/auth-ca.pem");
    assert_int_equal(X509_cmp(before, after), 0);
    X509_free(before);
    X509_free(after);
}

static void a_folder_that_cannot_be_made_is_refused(void **state) {
    (void)state;
    bool made;
    assert_int_equal(demo_programmes_make("/dev/null/programmes", &made), ERR_SYSTEM);
    assert_false(made);
}

/* What officer takes for a list of programmes; anything else would refuse the file. */
static void the_list_has_known_members_alone(void **state) {
    (void)state;
    static const char *const known[] = {"id",         "name",          "status",   "certificate",
                                        "apiKeyFile", "apiKeyExpires", "policyId", "jose"};
    DEMO_JSON_CLEANUP json_t *list = load("programmes/programmes.json");
    size_t index;
    json_t *partner, *value;
    const char *member;
    assert_int_equal(json_object_size(list), 4);
    assert_int_equal(json_object_size(json_object_get(list, "misp")), 2);
    json_array_foreach(json_object_get(list, "partners"), index, partner)
        json_object_foreach(partner, member, value) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found |= strcmp(member, known[i]) == 0;
        assert_true(found);
    }
}

static bool allows(const json_t *policy, const char *type, bool only_mandatory) {
    size_t index;
    const json_t *allowed;
    json_array_foreach(json_object_get(policy, "allowedAuthTypes"), index, allowed) {
        if (strcmp(text_of(allowed, "authType"), type) == 0 &&
            (!only_mandatory || json_is_true(json_object_get(allowed, "mandatory"))))
            return true;
    }
    return false;
}

static const json_t *find(const json_t *list, const char *id) {
    size_t index;
    const json_t *element;
    json_array_foreach(list, index, element) {
        if (strcmp(text_of(element, "id"), id) == 0)
            return element;
    }
    return NULL;
}

static void the_policies_differ_as_a_developer_needs(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *list = load("programmes/programmes.json");
    const json_t *policies = json_object_get(list, "policies"), *policy;
    size_t index, without[4] = {0}, everything = 0, mandatory = 0, tokens[3] = {0};
    static const char *const types[] = {"otp", "otp-request", "demo", "kyc"};
    static const char *const token_types[] = {"random", "partner", "policy"};
    json_array_foreach(policies, index, policy) {
        bool all = allows(policy, "bio", false);
        for (size_t i = 0; i < 4; i++) {
            without[i] += !allows(policy, types[i], false);
            all = all && allows(policy, types[i], false);
            mandatory += allows(policy, types[i], true);
        }
        everything += all;
        for (size_t i = 0; i < 3; i++)
            tokens[i] += strcmp(text_of(policy, "authTokenType"), token_types[i]) == 0;
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(without[i], 1);
    assert_int_equal(everything, 1);
    assert_int_equal(mandatory, 1);
    for (size_t i = 0; i < 3; i++)
        assert_true(tokens[i] > 0);
}

static void every_partner_has_a_policy_of_its_own(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *list = load("programmes/programmes.json");
    const json_t *partners = json_object_get(list, "partners"), *partner;
    size_t index;
    json_array_foreach(partners, index, partner)
        assert_non_null(find(json_object_get(list, "policies"), text_of(partner, "policyId")));
    assert_int_equal(json_array_size(partners), json_array_size(json_object_get(list, "policies")));
    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = {"AMO-TADAMON", "Tayssir", "Daam", "ASD"};
        assert_string_equal(text_of(json_array_get(partners, i), "name"), names[i]);
        assert_string_equal(text_of(json_array_get(partners, i), "status"), "active");
    }
}

static void certificates_lead_to_their_authority(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *list = load("programmes/programmes.json");
    size_t index;
    const json_t *partner;
    json_array_foreach(json_object_get(list, "partners"), index, partner) {
        char name[128];
        (void)snprintf(name, sizeof name, "programmes/%s", text_of(partner, "certificate"));
        assert_path(name, "programmes/auth-ca.pem", 0);
    }
    assert_path("programmes/tls/server.pem", "programmes/tls/ca.pem", X509_PURPOSE_SSL_SERVER);
}

static void the_server_certificate_is_for_this_machine_alone(void **state) {
    (void)state;
    X509 *server = load_certificate("programmes/tls/server.pem");
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
    assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.2", 0), 0);
    assert_int_equal(X509_check_host(server, "example.org", 0, 0, NULL), 0);
    assert_string_equal(OBJ_nid2sn(EVP_PKEY_get_base_id(X509_get0_pubkey(server))),
                        "id-ecPublicKey");
    X509_free(server);
}

static void secrets_are_readable_by_their_owner_alone(void **state) {
    (void)state;
    static const char *const secrets[] = {
        "programmes/tls/server.key",
        "programmes/misp.license-key",
        "programmes/partners/asd.p12",
        "programmes/partners/asd.password",
        "programmes/partners/asd.api-key",
        "kit/kit.json",
        "kit/partners/asd.p12",
        "programmes/partners/asd.tls.key",
        "kit/partners/asd.tls.key",
        "kit/partners/asd.signature.key",
        "kit/partners/asd.encryption.key",
        "programmes/devices/finger-l0.password",
        "programmes/devices/finger-l0.p12",
        "kit/devices/iris-l1.p12",
        "kit/devices/iris-l1.ftm.p12",
    };
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        struct stat status;
        assert_int_equal(stat(path_in(secrets[i]), &status), 0);
        assert_int_equal(status.st_mode & 0077, 0);
    }
}

static void assert_p12_opens(const json_t *partner) {
    char name[128];
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    (void)snprintf(name, sizeof name, "kit/%s", text_of(partner, "p12"));
    FILE *file = fopen(path_in(name), "re");
    assert_non_null(file);
    PKCS12 *store = d2i_PKCS12_fp(file, NULL);
    (void)fclose(file);
    assert_non_null(store);
    assert_int_equal(PKCS12_parse(store, "wrong", &key, &certificate, NULL), 0);
    assert_int_equal(
        PKCS12_parse(store, text_of(partner, "p12_password"), &key, &certificate, NULL), 1);
    assert_int_equal(X509_check_private_key(certificate, key), 1);
    assert_int_equal(EVP_PKEY_get_bits(key), 2048);
    (void)snprintf(name, sizeof name, "kit/%s", text_of(partner, "certificate"));
    X509 *alone = load_certificate(name);
    assert_int_equal(X509_cmp(alone, certificate), 0);
    X509_free(alone);
    X509_free(certificate);
    EVP_PKEY_free(key);
    PKCS12_free(store);
}

/* ${name} of the kit is a PKCS#12 file of a certificate that ${anchor} issued and ${stranger} has
 * not. */
static void assert_issued(const json_t *device, const char *name, const char *anchor,
                          const char *stranger) {
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    char path[128];
    (void)snprintf(path, sizeof path, "kit/%s", text_of(device, name));
    FILE *file = fopen(path_in(path), "re");
    assert_non_null(file);
    PKCS12 *store = d2i_PKCS12_fp(file, NULL);
    (void)fclose(file);
    assert_int_equal(PKCS12_parse(store, text_of(device, "p12_password"), &key, &certificate, NULL),
                     1);
    assert_int_equal(EVP_PKEY_get_bits(key), 2048);
    X509 *authority = load_certificate(anchor), *other = load_certificate(stranger);
    assert_int_equal(X509_verify(certificate, X509_get0_pubkey(authority)), 1);
    assert_int_not_equal(X509_verify(certificate, X509_get0_pubkey(other)), 1);
    X509_free(authority);
    X509_free(other);
    X509_free(certificate);
    EVP_PKEY_free(key);
    PKCS12_free(store);
}

static void the_kit_has_devices_and_officers_their_anchors(void **state) {
    (void)state;
    static const char *const members[] = {
        "serialNo", "make", "model", "type", "deviceSubType", "deviceProvider", "deviceProviderId"};
    static const char *const trust[][2] = {{"AUTH", "auth-ca.pem"},
                                           {"DEVICE", "device-ca.pem"},
                                           {"FTM", "device-ca.pem"},
                                           {"FTM", "ftm-ca.pem"}};
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    DEMO_JSON_CLEANUP json_t *list = load("programmes/programmes.json");
    size_t index, chips = 0;
    const json_t *device;
    for (size_t i = 0; i < 4; i++) {
        const json_t *anchor = json_array_get(json_object_get(list, "trust"), i);
        assert_string_equal(text_of(anchor, "domain"), trust[i][0]);
        assert_string_equal(text_of(anchor, "certificate"), trust[i][1]);
    }
    json_array_foreach(json_object_get(kit, "devices"), index, device) {
        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
            assert_true(strlen(text_of(json_object_get(device, "digital_id"), members[i])) > 0);
        assert_issued(device, "p12", "programmes/device-ca.pem", "programmes/ftm-ca.pem");
        if (json_object_get(device, "ftm_p12") == NULL)
            continue;
        assert_issued(device, "ftm_p12", "programmes/ftm-ca.pem", "programmes/device-ca.pem");
        chips++;
    }
    assert_int_equal(index, 3);
    assert_int_equal(chips, 2);
}

static EVP_PKEY *load_key(const char *folder, const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path_in(path), "re");
    assert_non_null(file);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    assert_non_null(key);
    return key;
}

/* ${key} is on P-256, of the certificate that officers register, and its kid is ${kid}. */
static void assert_key(EVP_PKEY *key, const char *certificate_name, const char *kid) {
    uint8_t point[JOSE_CLIENT_POINT_BYTES], hash[JOSE_CLIENT_KID_BYTES], memory[64];
    struct buffer text = buffer_over(memory, sizeof memory);
    char group[32], path[128];
    size_t len;
    (void)snprintf(path, sizeof path, "programmes/%s", certificate_name);
    X509 *certificate = load_certificate(path);
    assert_int_equal(X509_check_private_key(certificate, key), 1);
    assert_int_equal(EVP_PKEY_get_group_name(key, group, sizeof group, &len), 1);
    assert_string_equal(group, "prime256v1");
    assert_int_equal(
        EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", point, sizeof point, &len), 1);
    assert_int_equal(len, sizeof point);
    jose_client_kid(point, hash);
    codec_base64url(&text, bytes_of(hash, sizeof hash));
    assert_true(kid == NULL || bytes_equal_text(bytes_of(text.data, text.len), kid));
    X509_free(certificate);
}

static void the_kit_has_three_keys_for_the_jose_profile(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    DEMO_JSON_CLEANUP json_t *list = load("programmes/programmes.json");
    size_t index;
    const json_t *partner;
    json_array_foreach(json_object_get(kit, "partners"), index, partner) {
        const json_t *handed = json_object_get(partner, "jose");
        const json_t *registered = json_object_get(
            find(json_object_get(list, "partners"), text_of(partner, "id")), "jose");
        EVP_PKEY *tls = load_key("kit", text_of(handed, "tls_key"));
        EVP_PKEY *signature = load_key("kit", text_of(handed, "signature_key"));
        EVP_PKEY *encryption = load_key("kit", text_of(handed, "encryption_key"));
        assert_key(tls, text_of(registered, "tls"), NULL);
        assert_key(signature, text_of(registered, "signature"), text_of(handed, "signature_kid"));
        assert_key(encryption, text_of(registered, "encryption"),
                   text_of(handed, "encryption_kid"));
        assert_int_not_equal(EVP_PKEY_eq(tls, signature), 1);
        assert_int_not_equal(EVP_PKEY_eq(tls, encryption), 1);
        assert_int_not_equal(EVP_PKEY_eq(signature, encryption), 1);
        EVP_PKEY_free(tls);
        EVP_PKEY_free(signature);
        EVP_PKEY_free(encryption);
    }
}

static void some_programmes_show_what_only_the_jose_profile_has(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    size_t index, place, without_signature = 0, properties = 0;
    const json_t *partner, *attribute;
    json_array_foreach(json_object_get(kit, "partners"), index, partner) {
        const json_t *allowed = json_object_get(partner, "allowed");
        without_signature += json_is_true(json_object_get(allowed, "unsignedRequests"));
        json_array_foreach(json_object_get(allowed, "allowedKycAttributes"), place, attribute) {
            const char *name = text_of(attribute, "attributeName");
            properties += strcmp(name, "ageOver") == 0 || strcmp(name, "livesIn") == 0;
        }
    }
    assert_int_equal(without_signature, 1);
    assert_int_equal(properties, 2);
}

/* A folder of before there were devices. */
static void a_folder_without_devices_makes_a_kit_without_them(void **state) {
    (void)state;
    assert_int_equal(rename(path_in("programmes/device-ca.pem"), path_in("device-ca.pem")), 0);
    assert_int_equal(make_kit(path_in("programmes/programmes.json")), ERR_OK);
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    assert_int_equal(json_array_size(json_object_get(kit, "devices")), 0);
    assert_int_equal(rename(path_in("device-ca.pem"), path_in("programmes/device-ca.pem")), 0);
    assert_int_equal(make_kit(path_in("programmes/programmes.json")), ERR_OK);
}

/* A folder of an older version: its programmes have no keys for the JOSE profile. */
static void a_list_without_the_jose_profile_makes_a_kit_without_it(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *list = load("programmes/programmes.json");
    size_t index;
    json_t *partner;
    json_array_foreach(json_object_get(list, "partners"), index, partner)
        assert_int_equal(json_object_del(partner, "jose"), 0);
    assert_int_equal(demo_file_write_json(path_in("programmes/older.json"), list, DEMO_FILE_PUBLIC),
                     ERR_OK);
    assert_int_equal(make_kit(path_in("programmes/older.json")), ERR_OK);
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    json_array_foreach(json_object_get(kit, "partners"), index, partner)
        assert_null(json_object_get(partner, "jose"));
    assert_int_equal(make_kit(path_in("programmes/programmes.json")), ERR_OK);
}

static void the_kit_has_what_each_programme_needs(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    size_t index;
    const json_t *partner;
    json_array_foreach(json_object_get(kit, "partners"), index, partner) {
        assert_p12_opens(partner);
        assert_true(strlen(text_of(partner, "api_key")) >= 16);
        assert_non_null(text_of(partner, "policy_id"));
        const json_t *allowed = json_object_get(partner, "allowed");
        assert_true(json_is_array(json_object_get(allowed, "allowedAuthTypes")));
        assert_true(json_is_array(json_object_get(allowed, "allowedKycAttributes")));
        assert_non_null(text_of(allowed, "authTokenType"));
    }
    const json_t *partners = json_object_get(kit, "partners");
    assert_string_equal(text_of(find(partners, "demo-suspended"), "status"), "suspended");
    assert_string_equal(text_of(find(partners, "demo-key-expired"), "status"), "api key expired");
}

static void the_kit_names_files_that_are_there(void **state) {
    (void)state;
    static const char *const members[] = {"ca_certificate", "encryption_certificate",
                                          "biometric_encryption_certificate"};
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "kit/%s", text_of(kit, members[i]));
        X509_free(load_certificate(name));
    }
    assert_string_equal(text_of(kit, "base_url"), "https://127.0.0.1:8443");
    assert_string_equal(text_of(kit, "jose_base_url"), "https://127.0.0.1:8444");
    assert_string_equal(text_of(kit, "issuer"), "https://idcs.example.org");
    assert_string_equal(text_of(kit, "domain_uri"), "https://idcs.example.org");
    assert_string_equal(text_of(kit, "env"), "Staging");
    assert_string_equal(text_of(kit, "outbox"), directory);
    assert_true(strlen(text_of(kit, "misp_license_key")) >= 16);
    assert_int_equal(json_array_size(json_object_get(kit, "people")), 40);
}

static void a_kit_can_be_made_again(void **state) {
    (void)state;
    DEMO_JSON_CLEANUP json_t *before = load("kit/kit.json");
    assert_int_equal(make_kit(path_in("programmes/programmes.json")), ERR_OK);
    DEMO_JSON_CLEANUP json_t *after = load("kit/kit.json");
    assert_true(json_equal(before, after));
}

static void a_kit_without_programmes_is_refused_and_the_old_one_stays(void **state) {
    (void)state;
    assert_int_not_equal(make_kit(path_in("none/programmes.json")), ERR_OK);
    assert_int_not_equal(make_kit(path_in("people.json")), ERR_OK);
    DEMO_JSON_CLEANUP json_t *kit = load("kit/kit.json");
    assert_int_equal(json_array_size(json_object_get(kit, "people")), 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_made_again),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_refused),
        cmocka_unit_test(the_list_has_known_members_alone),
        cmocka_unit_test(the_policies_differ_as_a_developer_needs),
        cmocka_unit_test(every_partner_has_a_policy_of_its_own),
        cmocka_unit_test(certificates_lead_to_their_authority),
        cmocka_unit_test(the_server_certificate_is_for_this_machine_alone),
        cmocka_unit_test(secrets_are_readable_by_their_owner_alone),
        cmocka_unit_test(the_kit_has_devices_and_officers_their_anchors),
        cmocka_unit_test(the_kit_has_three_keys_for_the_jose_profile),
        cmocka_unit_test(some_programmes_show_what_only_the_jose_profile_has),
        cmocka_unit_test(a_list_without_the_jose_profile_makes_a_kit_without_it),
        cmocka_unit_test(a_folder_without_devices_makes_a_kit_without_them),
        cmocka_unit_test(the_kit_has_what_each_programme_needs),
        cmocka_unit_test(the_kit_names_files_that_are_there),
        cmocka_unit_test(a_kit_can_be_made_again),
        cmocka_unit_test(a_kit_without_programmes_is_refused_and_the_old_one_stays),
    };
    return cmocka_run_group_tests(tests, make_all, remove_all);
}
