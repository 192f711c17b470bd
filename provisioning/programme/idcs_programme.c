#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/codec.h"
#include "provisioning/programme/biometric_story.h"
#include "provisioning/programme/https.h"
#include "provisioning/programme/kit.h"
#include "provisioning/programme/jose_story.h"
#include "provisioning/programme/kyc_story.h"
#include "provisioning/programme/mosip_client.h"
#include "provisioning/programme/outbox_reader.h"

/*
 * idcs-programme: acts as a social programme towards the appliance and says what happens. A
 * demonstration: it reads the code from the outbox, which only a demonstration has.
 */
static const char usage_text[] =
    "usage: idcs-programme --kit DIR [--partner ID] [--person NOTE|ID] [--otp CODE]\n"
    "                      [--kyc] [--photo FILE] [--profile mosip|jose]\n"
    "                      [--finger NAME]... [--iris NAME]... [--impression N] [--holder "
    "NOTE|ID]\n"
    "\n"
    "Asks the appliance for a one-time code for a person, reads it from the outbox, authenticates\n"
    "the person with it, verifies the signature of each answer, and tells the story. Or, without\n"
    "a code: authenticates the person by what a capture device takes.\n"
    "\n"
    "  --kit DIR        the kit that quickstart wrote\n"
    "  --partner ID     the programme (default: the first that may use codes)\n"
    "  --person WHO     a person's note or individualId (default: ordinary)\n"
    "  --otp CODE       use this code instead of the one in the outbox\n"
    "  --kyc            ask for the person's attributes too, and show them\n"
    "  --photo FILE     with --kyc: write the person's photo there\n"
    "  --profile NAME   mosip (default), or jose: docs/protocol.md\n"
    "  --finger NAME    capture this finger: 'Right IndexFinger', 'Left IndexFinger'\n"
    "  --iris NAME      capture this iris: Left, Right\n"
    "  --impression N   which of the kit's captures: 0 is the enrolled one (default: 1)\n"
    "  --holder WHO     whose finger or eye is held on the device (default: the person's)\n"
    "\n"
    "example: idcs-programme --kit build/kit --person ordinary --finger 'Right IndexFinger'\n"
    "exit status: 0 authenticated, 1 not authenticated, 2 wrong command line\n";

/* The command line. */
struct order {
    const char *kit, *partner, *person, *code, *photo_path, *profile, *impression, *holder;
    bool kyc;
    struct devices_capture capture;
};

struct story {
    struct kit kit;
    struct kit_partner partner;
    struct https *https;
    struct mosip_parties parties;
    char transaction_id[11];
    const struct order *order;
    struct devices_capture capture; /* nothing: authenticated by a code */
};

static bool is_jose(const struct story *story) {
    return strcmp(story->order->profile, "jose") == 0;
}

static bool is_captured(const struct story *story) {
    return story->capture.finger_count + story->capture.iris_count > 0;
}

/* The kid of the signature must be one the appliance publishes. */
static bool kid_is_published(struct story *story, const char *kid) {
    char url[768];
    struct https_answer answer;
    bool published = false;
    snprintf(url, sizeof(url), "%s/.well-known/jwks.json", story->kit.base_url);
    const struct https_message message = {.url = url};
    if (https_send(story->https, &message, &answer) != ERR_OK)
        return false;
    json_t *document = json_loadb(answer.body != NULL ? answer.body : "", answer.body_len, 0, NULL);
    size_t index;
    json_t *key;
    json_array_foreach(json_object_get(document, "keys"), index, key) {
        const char *name = json_string_value(json_object_get(key, "kid"));
        published = published || (name != NULL && strcmp(name, kid) == 0);
    }
    json_decref(document);
    https_answer_free(&answer);
    return published;
}

/* Sends, verifies and gives the answer's document; NULL when it may not be trusted. */
static json_t *exchange(struct story *story, const struct mosip_request *request) {
    struct https_answer answer;
    char kid[128];
    bool valid = false;
    const struct https_message message = {
        .url = request->url, .body = request->body, .signature = request->signature};
    if (https_send(story->https, &message, &answer) != ERR_OK)
        return NULL;
    json_t *document = NULL;
    if (answer.status != 200) {
        printf("    the appliance answered HTTP %ld\n", answer.status);
    } else if (mosip_response_verify(bytes_of(answer.body, answer.body_len), answer.signature, kid,
                                     sizeof(kid), &valid) != ERR_OK ||
               !valid || !kid_is_published(story, kid)) {
        printf("    the answer's signature does not verify: the answer is worth nothing\n");
    } else {
        printf("    signature verified (RS256, key %.12s…, made in the HSM)\n", kid);
        document = json_loadb(answer.body, answer.body_len, JSON_REJECT_DUPLICATES, NULL);
    }
    https_answer_free(&answer);
    return document;
}

static bool tell_errors(const json_t *document) {
    size_t index;
    json_t *error;
    const json_t *errors = json_object_get(document, "errors");
    json_array_foreach(errors, index, error) {
        printf("    refused: %s %s\n", json_string_value(json_object_get(error, "errorCode")),
               json_string_value(json_object_get(error, "errorMessage")));
        const char *action = json_string_value(json_object_get(error, "actionMessage"));
        if (action != NULL)
            printf("    advice: %s\n", action);
    }
    return json_array_size(errors) > 0;
}

static bool ask_for_code(struct story *story) {
    static const char *const channels[] = {"phone", NULL};
    struct mosip_request request = {0};
    printf("[1] %s asks for a code (transaction %s)\n", story->partner.name, story->transaction_id);
    if (mosip_request_otp(&story->parties, channels, &request) != ERR_OK)
        return false;
    json_t *document = exchange(story, &request);
    mosip_request_free(&request);
    bool sent = document != NULL && !tell_errors(document);
    if (sent)
        printf("    sent to %s\n", json_string_value(json_object_get(
                                       json_object_get(document, "response"), "maskedMobile")));
    json_decref(document);
    return sent;
}

/* Takes ${factors}. */
static bool authenticate(struct story *story, json_t *factors) {
    struct mosip_request request = {0};
    bool kyc = story->order->kyc;
    const char *verdict = kyc ? "kycStatus" : "authStatus";
    enum err built = kyc ? mosip_request_kyc(&story->parties, factors, &request)
                         : mosip_request_auth(&story->parties, factors, &request);
    json_decref(factors);
    if (built != ERR_OK)
        return false;
    json_t *document = exchange(story, &request);
    mosip_request_free(&request);
    const json_t *response = json_object_get(document, "response");
    bool yes = document != NULL && !tell_errors(document) &&
               json_is_true(json_object_get(response, verdict));
    if (yes)
        printf("    %s true: this is the holder\n    authToken %s: what this programme "
               "may know the person by\n",
               verdict, json_string_value(json_object_get(response, "authToken")));
    if (yes && kyc)
        yes = kyc_story_tell(&story->partner, response, story->order->photo_path);
    json_decref(document);
    return yes;
}

static bool tell_jose(struct story *story, const json_t *biometrics) {
    return jose_story_tell(&(struct jose_story){.parties = &story->parties,
                                                .https = story->https,
                                                .given_code = story->order->code,
                                                .biometrics = biometrics,
                                                .attributes = story->order->kyc});
}

static bool tell_captured(struct story *story) {
    json_t *biometrics = biometric_story_capture(&story->parties, &story->capture);
    bool yes = false;
    if (biometrics == NULL)
        return false;
    if (is_jose(story)) {
        yes = tell_jose(story, biometrics);
    } else {
        printf("[2] %s authenticates the person with it\n", story->partner.name);
        yes = authenticate(
            story, json_pack("{s:s*, s:O}", "otp", story->order->code, "biometrics", biometrics));
    }
    json_decref(biometrics);
    return yes;
}

static bool tell(struct story *story) {
    char code[16] = "";
    const char *given_code = story->order->code;
    if (is_captured(story))
        return tell_captured(story);
    if (is_jose(story))
        return tell_jose(story, NULL);
    if (!ask_for_code(story))
        return false;
    printf("[2] the code reaches the person's phone (here: the demonstration's outbox)\n");
    if (given_code == NULL && !outbox_reader_await(story->kit.outbox, story->transaction_id, code))
        return false;
    printf("[3] %s authenticates the person with the code%s\n", story->partner.name,
           story->order->kyc ? " and asks for what it may know of them" : "");
    return authenticate(story, json_pack("{s:s}", "otp", given_code != NULL ? given_code : code));
}

static bool begin(struct story *story) {
    const struct order *order = story->order;
    const json_t *someone = NULL;
    int64_t impression = 0;
    if (kit_open(order->kit, &story->kit) != ERR_OK ||
        kit_partner_open(&story->kit, order->partner, &story->partner) != ERR_OK ||
        kit_person(&story->kit, order->person, &someone) != ERR_OK ||
        https_open(&story->https, story->kit.ca_certificate) != ERR_OK ||
        mosip_transaction_id(story->transaction_id) != ERR_OK ||
        codec_integer(order->impression, 0, DEVICES_PARTS, &impression) != ERR_OK)
        return false;
    story->parties = (struct mosip_parties){
        .kit = &story->kit,
        .partner = &story->partner,
        .individual_id = json_string_value(json_object_get(someone, "individualId")),
        .individual_id_type = json_string_value(json_object_get(someone, "individualIdType")),
        .transaction_id = story->transaction_id};
    story->capture = order->capture;
    story->capture.transaction_id = story->transaction_id;
    story->capture.domain_uri = is_jose(story) ? kit_issuer(&story->kit) : story->kit.domain_uri;
    story->capture.number = (unsigned)impression;
    story->capture.holder = someone;
    if (order->holder != NULL &&
        kit_person(&story->kit, order->holder, &story->capture.holder) != ERR_OK)
        return false;
    return story->parties.individual_id != NULL && story->parties.individual_id_type != NULL;
}

static bool add_part(const char **parts, size_t *count, const char *name) {
    if (*count == DEVICES_PARTS)
        return false;
    parts[(*count)++] = name;
    return true;
}

/* One option; false: it is none. */
static bool take(struct order *order, int letter, const char *value) {
    const struct {
        int letter;
        const char **target;
    } texts[] = {{'k', &order->kit},        {'p', &order->partner},    {'w', &order->person},
                 {'o', &order->code},       {'f', &order->photo_path}, {'r', &order->profile},
                 {'n', &order->impression}, {'l', &order->holder}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].letter == letter) {
            *texts[i].target = value;
            return true;
        }
    }
    struct devices_capture *capture = &order->capture;
    if (letter == 'g')
        return add_part(capture->fingers, &capture->finger_count, value);
    if (letter == 'i')
        return add_part(capture->irises, &capture->iris_count, value);
    order->kyc = order->kyc || letter == 'y';
    return letter == 'y';
}

static bool is_whole(const struct order *order) {
    int64_t impression;
    bool known = strcmp(order->profile, "jose") == 0 || strcmp(order->profile, "mosip") == 0;
    return known && order->kit != NULL && (order->photo_path == NULL || order->kyc) &&
           codec_integer(order->impression, 0, DEVICES_PARTS, &impression) == ERR_OK;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"kit", required_argument, NULL, 'k'},
                                            {"partner", required_argument, NULL, 'p'},
                                            {"person", required_argument, NULL, 'w'},
                                            {"otp", required_argument, NULL, 'o'},
                                            {"kyc", no_argument, NULL, 'y'},
                                            {"photo", required_argument, NULL, 'f'},
                                            {"profile", required_argument, NULL, 'r'},
                                            {"finger", required_argument, NULL, 'g'},
                                            {"iris", required_argument, NULL, 'i'},
                                            {"impression", required_argument, NULL, 'n'},
                                            {"holder", required_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct order order = {.person = "ordinary", .profile = "mosip", .impression = "1"};
    struct story story = {.order = &order};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!take(&order, option, optarg))
            return fputs(usage_text, option == 'h' ? stdout : stderr), option == 'h' ? 0 : 2;
    if (optind != argc || !is_whole(&order))
        return fputs(usage_text, stderr), 2;
    bool yes = begin(&story) && tell(&story);
    https_close(story.https);
    kit_partner_close(&story.partner);
    kit_close(&story.kit);
    return yes ? 0 : 1;
}
