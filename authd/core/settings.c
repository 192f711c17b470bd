#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "authd/core/settings.h"

#include "authd/core/identifier.h"
#include "authd/store/programme.h"

#define TEXT(key, member, initial, meaning)                                                        \
    {                                                                                              \
        key, CONF_TEXT, offsetof(struct settings, member), sizeof(((struct settings *)0)->member), \
            0, 0, initial, meaning                                                                 \
    }
#define NUMBER(key, member, least, most, initial, meaning)                                         \
    {                                                                                              \
        key, CONF_NUMBER, offsetof(struct settings, member), sizeof(int64_t), least, most,         \
            initial, meaning                                                                       \
    }
#define SWITCH(key, member, initial, meaning)                                                      \
    { key, CONF_SWITCH, offsetof(struct settings, member), sizeof(bool), 0, 0, initial, meaning }

const struct conf_key settings_keys[] = {
    TEXT("registry-directory", registry_directory, "/var/lib/idcs/registry",
         "LMDB of people and programmes, written by provd"),
    TEXT("ledger-directory", ledger_directory, "/var/lib/idcs/state", "LMDB of one-time state"),
    TEXT("journal-directory", journal_directory, "/var/lib/idcs/journal", "the journal's segments"),
    NUMBER("deadline-ms", deadline_ms, 100, 60000, "8000", "a request is refused after this time"),
    NUMBER("question-retry-ms", question_retry_ms, 50, 30000, "1000",
           "a question to a signer is asked of another after this time"),
    NUMBER("request-age-seconds", request_age_seconds, 1, 86400, "60", "oldest requestTime"),
    NUMBER("request-future-seconds", request_future_seconds, 0, 86400, "30",
           "requestTime furthest ahead"),
    TEXT("domain-uris", domain_uris, "https://idcs.example.org", "allowed values of domainUri"),
    TEXT("environments", environments, "Staging,Developer,Pre-Production,Production",
         "allowed values of env"),
    TEXT("identifier-types", identifier_types, "UIN,VID", "individualIdType the country allows"),
    TEXT("uin-rules", uin_rules, "checksum,first-digit", "rules a presented UIN must obey"),
    TEXT("vid-rules", vid_rules, "checksum", "rules a presented VID must obey"),
    TEXT("auth-types-allowed", auth_types_allowed, "otp,demo,bio-Finger,bio-FMR,bio-Iris,bio-Face",
         "factors the country allows"),
    TEXT("face-model", face_model, "",
         "file of the face model whose vectors are compared; empty: no faces"),
    NUMBER("plugin-deadline-ms", plugin_deadline_ms, 50, 30000, "4000",
           "a plug-in that has not compared images after this time is started anew"),
    TEXT("otp-channels", otp_channels, "phone,email", "channels the country allows"),
    TEXT("languages", languages, "ara,fra,eng,zgh", "languages of stored names and addresses"),
    NUMBER("otp-lifetime-seconds", otp_lifetime_seconds, 1, 600, "180", "validity of a code"),
    NUMBER("otp-attempts", otp_attempts, 1, 100, "5",
           "wrong codes in a row, per person and programme, before the freeze"),
    NUMBER("otp-freeze-minutes", otp_freeze_minutes, 1, 1440, "30", "length of the freeze"),
    NUMBER("otp-person-attempts", otp_person_attempts, 1, 1000, "15",
           "wrong codes per person over all programmes before all are frozen"),
    NUMBER("otp-person-share", otp_person_share, 1, 1000, "5",
           "of these, the most that one programme can cause in a day"),
    NUMBER("otp-day-attempts", otp_day_attempts, 1, 1000, "20",
           "wrong codes in a day, per person and programme"),
    NUMBER("otp-requests", otp_requests, 1, 1000000, "5",
           "codes asked for in the window, per person and programme"),
    NUMBER("otp-person-requests", otp_person_requests, 1, 1000000, "20",
           "codes asked for in the window, per person"),
    NUMBER("otp-request-window-seconds", otp_request_window_seconds, 1, 86400, "300",
           "the window of these two"),
    NUMBER("codes-an-hour", codes_an_hour, 1, 1000000000, "100000",
           "codes one programme may ask for in an hour"),
    NUMBER("demo-attempts", demo_attempts, 1, 1000, "5",
           "wrong declarations, per person and programme, before the freeze"),
    NUMBER("demo-freeze-minutes", demo_freeze_minutes, 1, 1440, "30", "length of that freeze"),
    NUMBER("demo-day-attempts", demo_day_attempts, 1, 10000, "6",
           "wrong declarations in a day, per person and programme"),
    NUMBER(
        "bio-attempts", bio_attempts, 1, 100, "5",
        "biometric failures in a row, per person and modality over all programmes, before waits"),
    NUMBER("bio-wait-seconds", bio_wait_seconds, 1, 86400, "30",
           "the first of these waits; each further one is twice as long, up to a day"),
    NUMBER("failures-an-hour", failures_an_hour, 1, 1000000000, "300",
           "failure budget of a programme whose policy names none"),
    NUMBER("child-age-years", child_age_years, 0, 21, "5", "younger people are children"),
    SWITCH("child-otp-denied", child_otp_denied, "yes", "children cannot authenticate by OTP"),
    SWITCH("child-bio-denied", child_bio_denied, "yes",
           "nor by finger, iris or face, which still grow"),
    NUMBER("unverified-answers-a-second", unverified_answers_a_second, 1, 100000, "40",
           "signed refusals to callers that no programme vouches for; beyond it a bare 503"),
    TEXT("public-url", public_url, "",
         "where anybody may GET the published keys, without a certificate; empty: at the issuer"),
    TEXT("issuer", issuer, "",
         "https address of the JOSE profile, as its tokens name it; empty: none"),
    NUMBER("refusal-ms", refusal_ms, 10, 5000, "50",
           "JOSE answers that would tell of a person leave this long after the request, or a "
           "multiple"),
    NUMBER("ledger-rows", ledger_rows, 1000, 100000000, "4000000", "one-time rows in memory"),
    NUMBER("journal-segment-mebibytes", journal_segment_mebibytes, 1, 4096, "64",
           "size of a journal segment"),
    NUMBER("checkpoint-seconds", checkpoint_seconds, 1, 86400, "60",
           "a signed checkpoint this often, when there is something new"),
    NUMBER("retire-use-per-mille", retire_use_per_mille, 0, 1000, "1",
           "a key does not retire while a programme encrypts more than this share to it; 1000: "
           "it always may"),
    NUMBER("key-use-hour-ms", key_use_hour_ms, 100, 3600000, "3600000",
           "length of an hour in the usage of keys; less is for trials"),
    NUMBER("key-use-rows", key_use_rows, 64, 1000000, "16384",
           "terminals whose usage of keys is told apart"),
};
const size_t settings_key_count = sizeof(settings_keys) / sizeof(settings_keys[0]);

/* Calls ${each} with every word of a list separated by commas or spaces. */
static enum err each_word(const char *list, enum err (*each)(const char *word, uint32_t *set),
                          uint32_t *set) {
    char copy[512];
    snprintf(copy, sizeof(copy), "%s", list);
    char *rest = NULL;
    for (char *word = strtok_r(copy, ", ", &rest); word != NULL; word = strtok_r(NULL, ", ", &rest))
        ERR_TRY(each(word, set));
    return ERR_OK;
}

static enum err add_rule(const char *word, uint32_t *set) {
    enum identifier_rule rule;
    ERR_TRY(identifier_rule_parse(word, &rule));
    *set |= rule;
    return ERR_OK;
}

static enum err add_auth_type(const char *word, uint32_t *set) {
    enum auth_type type;
    ERR_TRY(auth_type_parse(word, &type));
    *set |= AUTH_TYPE_BIT(type);
    return ERR_OK;
}

bool settings_list_has(const char *list, const char *word) {
    size_t len = strlen(word);
    if (len == 0)
        return false;
    while (*list != '\0') {
        size_t span = strcspn(list, ", ");
        if (span == len && strncasecmp(list, word, len) == 0)
            return true;
        list += span + strspn(list + span, ", ");
    }
    return false;
}

static enum err refuse(struct conf_problem *problem, const char *key, const char *advice) {
    snprintf(problem->text, sizeof(problem->text), "%s: %s", key, advice);
    return ERR_CONFIG;
}

/* It stands in JSON and in addresses as it is. */
static bool is_issuer(const char *issuer) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._~:/[]";
    size_t len = strlen(issuer);
    return len == 0 || (strncmp(issuer, "https://", 8) == 0 && len > 8 && issuer[len - 1] != '/' &&
                        strspn(issuer, allowed) == len);
}

enum err settings_read(struct bytes text, struct settings *settings, struct conf_problem *problem) {
    ERR_TRY(conf_parse(text, settings_keys, settings_key_count, settings, problem));
    settings->uin_rule_set = settings->vid_rule_set = settings->auth_type_set = 0;
    if (each_word(settings->uin_rules, add_rule, &settings->uin_rule_set) != ERR_OK)
        return refuse(problem, "uin-rules", "name rules such as checksum,first-digit");
    if (each_word(settings->vid_rules, add_rule, &settings->vid_rule_set) != ERR_OK)
        return refuse(problem, "vid-rules", "name rules such as checksum,first-digit");
    if (each_word(settings->auth_types_allowed, add_auth_type, &settings->auth_type_set) != ERR_OK)
        return refuse(problem, "auth-types-allowed", "name factors such as otp,demo");
    if (!is_issuer(settings->issuer))
        return refuse(problem, "issuer", "write https://host:port, as programmes reach it");
    if (!is_issuer(settings->public_url))
        return refuse(problem, "public-url", "write https://host:port, as anybody reaches it");
    settings->allow_uin = settings_list_has(settings->identifier_types, "UIN");
    settings->allow_vid = settings_list_has(settings->identifier_types, "VID");
    settings->channel_phone = settings_list_has(settings->otp_channels, "phone");
    settings->channel_email = settings_list_has(settings->otp_channels, "email");
    return ERR_OK;
}
