#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "provisioning/demo/demo_policy.h"

#define BIT(type) AUTH_TYPE_BIT(AUTH_TYPE_##type)
#define OTP       (BIT(OTP) | BIT(OTP_REQUEST))
#define BIOMETRIC (BIT(BIO_FINGER) | BIT(BIO_IRIS) | BIT(BIO_FACE))
#define EVERYTHING                                                                                 \
    (OTP | BIT(DEMO) | BIOMETRIC | BIT(BIO_FMR) | BIT(PIN) | BIT(PWD) | BIT(KBT) | BIT(KYC))
#define LONG_AGO "2024-06-30T23:59:59.000Z"

/* First the programmes of today, then one for each way in which a policy can stand in the way. */
const struct demo_partner demo_policy_partners[] = {
    {.id = "amo-tadamon",
     .name = "AMO-TADAMON",
     .status = "active",
     .token_type = "policy",
     .allowed = EVERYTHING,
     .sees_photo = true,
     .names_factors = true,
     .asks_properties = true},
    {.id = "tayssir", /* no demographics */
     .name = "Tayssir",
     .status = "active",
     .unsigned_requests = true,
     .token_type = "partner",
     .allowed = OTP | BIOMETRIC | BIT(KYC)},
    {.id = "daam", /* no eKYC */
     .name = "Daam",
     .status = "active",
     .token_type = "random",
     .allowed = OTP | BIT(DEMO) | BIOMETRIC},
    {.id = "asd",
     .name = "ASD",
     .status = "active",
     .token_type = "partner",
     .allowed = OTP | BIT(DEMO) | BIT(KYC),
     .tells_person = true},
    {.id = "demo-no-otp",
     .name = "Essai sans OTP",
     .status = "active",
     .token_type = "partner",
     .allowed = BIT(OTP_REQUEST) | BIT(DEMO) | BIT(KYC)},
    {.id = "demo-no-otp-request",
     .name = "Essai sans demande d'OTP",
     .status = "active",
     .token_type = "random",
     .allowed = BIT(OTP) | BIT(DEMO) | BIT(KYC)},
    {.id = "demo-mandatory",
     .name = "Essai démographie exigée",
     .status = "active",
     .token_type = "policy",
     .allowed = OTP | BIT(DEMO) | BIT(KYC),
     .mandatory = BIT(DEMO)},
    {.id = "demo-suspended",
     .name = "Essai suspendu",
     .status = "suspended",
     .token_type = "partner",
     .allowed = OTP | BIT(DEMO) | BIT(KYC)},
    {.id = "demo-key-expired",
     .name = "Essai clé expirée",
     .status = "active",
     .api_key_expires = LONG_AGO,
     .token_type = "partner",
     .allowed = OTP | BIT(DEMO) | BIT(KYC)},
};
const size_t demo_policy_partner_count = sizeof demo_policy_partners / sizeof *demo_policy_partners;

void demo_policy_id(const struct demo_partner *partner, char id[static DEMO_POLICY_ID_SIZE]) {
    (void)snprintf(id, DEMO_POLICY_ID_SIZE, "policy-%s", partner->id);
}

/* MOSIP spells biometric types in two members: authType "bio" and a sub-type. */
static json_t *auth_type_json(enum auth_type type, bool mandatory) {
    char text[32];
    (void)snprintf(text, sizeof text, "%s", auth_type_text(type));
    char *sub_type = strncmp(text, "bio-", 4) == 0 ? text + 4 : NULL;
    if (sub_type != NULL)
        sub_type[-1] = '\0';
    return json_pack("{s:s, s:s*, s:b}", "authType", text, "authSubType", sub_type, "mandatory",
                     mandatory);
}

static json_t *auth_types_json(const struct demo_partner *partner) {
    json_t *types = json_array();
    for (unsigned type = 0; type < AUTH_TYPE_COUNT; type++) {
        bool mandatory = (partner->mandatory & AUTH_TYPE_BIT(type)) != 0;
        if ((partner->allowed & AUTH_TYPE_BIT(type)) != 0)
            (void)json_array_append_new(types, auth_type_json((enum auth_type)type, mandatory));
    }
    return types;
}

static void add_attribute(json_t *list, const char *name, bool masked) {
    (void)json_array_append_new(list,
                                json_pack("{s:s, s:b}", "attributeName", name, "masked", masked));
}

static json_t *attributes_json(const struct demo_partner *partner) {
    static const struct {
        const char *name;
        bool masked;
    } attributes[] = {{"fullName", false},     {"dateOfBirth", false},  {"gender", false},
                      {"phone", true},         {"email", true},         {"addressLine1", false},
                      {"addressLine2", false}, {"addressLine3", false}, {"city", false},
                      {"region", false},       {"province", false},     {"postalCode", false}};
    json_t *list = json_array();
    bool ekyc = (partner->allowed & BIT(KYC)) != 0;
    if (partner->sees_photo)
        add_attribute(list, "photo", false);
    if (partner->asks_properties) {
        add_attribute(list, "ageOver", false);
        add_attribute(list, "livesIn", false);
    }
    for (size_t i = 0; ekyc && i < sizeof attributes / sizeof *attributes; i++)
        add_attribute(list, attributes[i].name, attributes[i].masked);
    return list;
}

/* Written out where it is not all by default; NULL is left out. */
static json_t *biometrics_json(const struct demo_partner *partner) {
    if (!partner->names_factors)
        return NULL;
    return json_pack("{s:{s:s, s:i}, s:{s:s, s:i}, s:s, s:b}", "finger", "falseMatchRate", "1e-4",
                     "atMost", 2, "iris", "falseMatchRate", "1e-6", "atMost", 2, "ceiling", "1e-2",
                     "namesFactors", 1);
}

json_t *demo_policy_json(const struct demo_partner *partner) {
    char id[DEMO_POLICY_ID_SIZE];
    demo_policy_id(partner, id);
    return json_pack("{s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:[s,s,s], s:o*}", "id", id, "name",
                     partner->name, "authTokenType", partner->token_type, "unsignedRequests",
                     partner->unsigned_requests, "tellsPerson", partner->tells_person,
                     "allowedAuthTypes", auth_types_json(partner), "allowedKycAttributes",
                     attributes_json(partner), "kycLanguages", "ara", "fra", "eng", "biometrics",
                     biometrics_json(partner));
}
