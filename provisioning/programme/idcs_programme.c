#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    "\n"
    "Asks the appliance for a one-time code for a person, reads it from the outbox, authenticates\n"
    "the person with it, verifies the signature of each answer, and tells the story.\n"
    "\n"
    "  --kit DIR        the kit that quickstart wrote\n"
    "  --partner ID     the programme (default: the first that may use codes)\n"
    "  --person WHO     a person's note or individualId (default: ordinary)\n"
    "  --otp CODE       use this code instead of the one in the outbox\n"
    "  --kyc            ask for the person's attributes too, and show them\n"
    "  --photo FILE     with --kyc: write the person's photo there\n"
    "  --profile NAME   mosip (default), or jose: docs/protocol.md\n"
    "\n"
    "example: idcs-programme --kit build/kit --person ordinary\n"
    "exit status: 0 authenticated, 1 not authenticated, 2 wrong command line\n";

struct story {
    struct kit kit;
    struct kit_partner partner;
    struct https *https;
    struct mosip_parties parties;
    char transaction_id[11];
    bool kyc, jose;
    const char *photo_path; /* NULL: the photo is not kept */
};

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

static bool authenticate(struct story *story, const char *code) {
    struct mosip_request request = {0};
    json_t *factors = json_pack("{s:s}", "otp", code);
    printf("[3] %s authenticates the person with the code%s\n", story->partner.name,
           story->kyc ? " and asks for what it may know of them" : "");
    enum err built = story->kyc ? mosip_request_kyc(&story->parties, factors, &request)
                                : mosip_request_auth(&story->parties, factors, &request);
    json_decref(factors);
    if (built != ERR_OK)
        return false;
    json_t *document = exchange(story, &request);
    mosip_request_free(&request);
    const json_t *response = json_object_get(document, "response");
    bool yes = document != NULL && !tell_errors(document) &&
               json_is_true(json_object_get(response, story->kyc ? "kycStatus" : "authStatus"));
    if (yes)
        printf("    %s true: this is the holder\n    authToken %s: what this programme "
               "may know the person by\n",
               story->kyc ? "kycStatus" : "authStatus",
               json_string_value(json_object_get(response, "authToken")));
    if (yes && story->kyc)
        yes = kyc_story_tell(&story->partner, response, story->photo_path);
    json_decref(document);
    return yes;
}

static bool tell(struct story *story, const char *given_code) {
    char code[16] = "";
    if (story->jose)
        return jose_story_tell(&(struct jose_story){.parties = &story->parties,
                                                    .https = story->https,
                                                    .given_code = given_code,
                                                    .attributes = story->kyc});
    if (!ask_for_code(story))
        return false;
    printf("[2] the code reaches the person's phone (here: the demonstration's outbox)\n");
    if (given_code == NULL && !outbox_reader_await(story->kit.outbox, story->transaction_id, code))
        return false;
    return authenticate(story, given_code != NULL ? given_code : code);
}

static bool begin(struct story *story, const char *kit, const char *partner, const char *person) {
    const json_t *someone = NULL;
    if (kit_open(kit, &story->kit) != ERR_OK ||
        kit_partner_open(&story->kit, partner, &story->partner) != ERR_OK ||
        kit_person(&story->kit, person, &someone) != ERR_OK ||
        https_open(&story->https, story->kit.ca_certificate) != ERR_OK ||
        mosip_transaction_id(story->transaction_id) != ERR_OK)
        return false;
    story->parties = (struct mosip_parties){
        .kit = &story->kit,
        .partner = &story->partner,
        .individual_id = json_string_value(json_object_get(someone, "individualId")),
        .individual_id_type = json_string_value(json_object_get(someone, "individualIdType")),
        .transaction_id = story->transaction_id};
    return story->parties.individual_id != NULL && story->parties.individual_id_type != NULL;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"kit", required_argument, NULL, 'k'},
                                            {"partner", required_argument, NULL, 'p'},
                                            {"person", required_argument, NULL, 'w'},
                                            {"otp", required_argument, NULL, 'o'},
                                            {"kyc", no_argument, NULL, 'y'},
                                            {"photo", required_argument, NULL, 'f'},
                                            {"profile", required_argument, NULL, 'r'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *kit = NULL, *partner = NULL, *person = "ordinary", *code = NULL;
    struct story story = {0};
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'k')
            kit = optarg;
        else if (option == 'p')
            partner = optarg;
        else if (option == 'w')
            person = optarg;
        else if (option == 'o')
            code = optarg;
        else if (option == 'y')
            story.kyc = true;
        else if (option == 'f')
            story.photo_path = optarg;
        else if (option == 'r' && (strcmp(optarg, "jose") == 0 || strcmp(optarg, "mosip") == 0))
            story.jose = strcmp(optarg, "jose") == 0;
        else
            return fputs(usage_text, option == 'h' ? stdout : stderr), option == 'h' ? 0 : 2;
    }
    if (kit == NULL || optind != argc || (story.photo_path != NULL && !story.kyc))
        return fputs(usage_text, stderr), 2;
    bool yes = begin(&story, kit, partner, person) && tell(&story, code);
    https_close(story.https);
    kit_partner_close(&story.partner);
    kit_close(&story.kit);
    return yes ? 0 : 1;
}
