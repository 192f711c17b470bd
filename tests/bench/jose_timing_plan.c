#include <stdio.h>
#include <string.h>

#include "tests/bench/jose_timing_plan.h"

#include "provisioning/programme/jose_client.h"
#include "tests/bench/judge.h"

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static enum err read_class(const json_t *entry, struct jose_timing_class *class) {
    bool is_otp = strcmp(text_of(entry, "call"), "otp") == 0;
    *class = (struct jose_timing_class){
        .name = text_of(entry, "name"),
        .group = text_of(entry, "group"),
        .path = is_otp ? "/v1/otp" : "/v1/authentications",
        .asks = json_object_get(entry, "asks"),
        .status = (long)json_integer_value(json_object_get(entry, "status"))};
    return json_array_size(class->asks) > 0 && class->status != 0 ? ERR_OK : ERR_MALFORMED;
}

static enum err read_classes(struct jose_timing_plan *plan) {
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(plan->document, "classes"), index, entry) {
        if (index == JOSE_TIMING_CLASSES_MAX)
            return ERR_TOO_LARGE;
        ERR_TRY(read_class(entry, &plan->classes[plan->class_count++]));
    }
    return plan->class_count > 1 ? ERR_OK : ERR_MALFORMED;
}

static enum err open_parts(const char *kit, const char *path, struct jose_timing_plan *plan) {
    json_error_t error;
    plan->document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (plan->document == NULL || read_classes(plan) != ERR_OK) {
        fprintf(stderr, "jose-timing: %s: not a plan of two or more classes: %s\n", path,
                plan->document == NULL ? error.text : "a class lacks something");
        return ERR_MALFORMED;
    }
    ERR_TRY(kit_open(kit, &plan->kit));
    ERR_TRY(judge_fetch(&plan->kit, &plan->published));
    ERR_TRY(kit_partner_open(&plan->kit, text_of(plan->document, "programme"), &plan->partner));
    ERR_TRY(jose_party_open(&plan->kit, &plan->partner, plan->published, &plan->party));
    ERR_TRY(devices_open(&plan->devices, &plan->kit, true, false));
    plan->code_claims = json_pack("{s:[s]}", "channels", "phone");
    plan->factor_claims = json_pack("{s:b}", "consent", 1);
    return plan->code_claims != NULL && plan->factor_claims != NULL ? ERR_OK : ERR_FULL;
}

enum err jose_timing_plan_open(const char *kit, const char *path, struct jose_timing_plan *plan) {
    *plan = (struct jose_timing_plan){.document = NULL};
    enum err result = open_parts(kit, path, plan);
    if (result != ERR_OK)
        jose_timing_plan_close(plan);
    return result;
}

void jose_timing_plan_close(struct jose_timing_plan *plan) {
    json_decref(plan->code_claims);
    json_decref(plan->factor_claims);
    devices_close(&plan->devices);
    jose_party_close(&plan->party);
    kit_partner_close(&plan->partner);
    json_decref(plan->published);
    kit_close(&plan->kit);
    json_decref(plan->document);
    *plan = (struct jose_timing_plan){.document = NULL};
}

/* The factors of ${ask}, which the caller frees; NULL without an error: it asks for a code. */
static enum err factors_of(const struct jose_timing_plan *plan, const json_t *ask,
                           json_t **factors) {
    struct devices_capture capture = {.transaction_id = text_of(ask, "txn"),
                                      .domain_uri = plan->party.issuer,
                                      .number = 1,
                                      .finger_count = 1,
                                      .fingers = {"Right IndexFinger"}};
    json_t *biometrics;
    *factors = json_incref(json_object_get(ask, "factors"));
    if (json_object_get(ask, "holder") == NULL)
        return ERR_OK;
    ERR_TRY(kit_person(&plan->kit, text_of(ask, "holder"), &capture.holder));
    ERR_TRY(devices_take(&plan->devices, &capture, &biometrics));
    *factors = json_pack("{s:o}", "biometrics", biometrics);
    return *factors != NULL ? ERR_OK : ERR_FULL;
}

enum err jose_timing_plan_build(struct jose_timing_plan *plan, struct jose_timing_class *class,
                                char **body) {
    const json_t *ask = json_array_get(class->asks, class->next++ % json_array_size(class->asks));
    json_t *factors;
    ERR_TRY(factors_of(plan, ask, &factors));
    const struct jose_question question = {.party = &plan->party,
                                           .individual_id = text_of(ask, "individualId"),
                                           .individual_id_type = text_of(ask, "individualIdType"),
                                           .transaction_id = text_of(ask, "txn"),
                                           .factors = factors,
                                           .claims = factors != NULL ? plan->factor_claims
                                                                     : plan->code_claims};
    enum err result = jose_client_request(&question, body);
    json_decref(factors);
    return result;
}
