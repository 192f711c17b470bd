#include <inttypes.h>
#include <stdio.h>

#include "provisioning/cmd.h"
#include "provisioning/cmd_tls.h"

static void print_roll(const struct officer_roll *roll) {
    static const enum officer_text texts[REGISTRY_ROLL_PHASE_COUNT] = {
        [REGISTRY_ROLL_OFFERED] = TEXT_STATUS_ROOT_OFFERED,
        [REGISTRY_ROLL_SWEEPING] = TEXT_STATUS_ROOT_SWEEPING,
        [REGISTRY_ROLL_VERIFYING] = TEXT_STATUS_ROOT_VERIFYING,
        [REGISTRY_ROLL_DONE] = TEXT_STATUS_ROOT_LEFT,
    };
    char first[32], second[32];
    (void)snprintf(first, sizeof first, "%u → %u", roll->from, roll->to);
    (void)snprintf(second, sizeof second, "%u", roll->percent);
    if (roll->phase == REGISTRY_ROLL_DONE)
        (void)snprintf(second, sizeof second, "%" PRIu64, roll->left);
    if (roll->phase == REGISTRY_ROLL_DONE && roll->left == 0)
        officer_text_print(stdout, TEXT_STATUS_ROOT_DONE, first, NULL);
    else if (roll->phase != REGISTRY_ROLL_NONE)
        officer_text_print(stdout, texts[roll->phase], first, second);
}

static void print_pepper_left(const struct officer_pepper *pepper, const char *generations) {
    char first[32], second[32];
    uint64_t damaged = pepper->left > pepper->left_vids ? pepper->left - pepper->left_vids : 0;
    (void)snprintf(first, sizeof first, "%" PRIu64, pepper->left);
    officer_text_print(stdout, TEXT_STATUS_PEPPER_LEFT, generations, first);
    (void)snprintf(first, sizeof first, "%" PRIu64, pepper->left_vids);
    (void)snprintf(second, sizeof second, "%" PRIu64, damaged);
    officer_text_print(stdout, TEXT_STATUS_PEPPER_VIDS, first, second);
}

static void print_pepper(const struct officer_pepper *pepper) {
    static const enum officer_text texts[REGISTRY_PEPPER_PHASE_COUNT] = {
        [REGISTRY_PEPPER_NONE] = TEXT_STATUS_PEPPER,
        [REGISTRY_PEPPER_SWEEPING] = TEXT_STATUS_PEPPER_SWEEPING,
        [REGISTRY_PEPPER_VERIFYING] = TEXT_STATUS_PEPPER_VERIFYING,
        [REGISTRY_PEPPER_DONE] = TEXT_STATUS_PEPPER_DONE,
    };
    char first[32], second[32];
    (void)snprintf(first, sizeof first, "%u → %u", pepper->from, pepper->to);
    (void)snprintf(second, sizeof second, "%u", pepper->percent);
    if (pepper->phase == REGISTRY_PEPPER_NONE)
        (void)snprintf(first, sizeof first, "%u", pepper->to);
    if (pepper->phase == REGISTRY_PEPPER_DONE && pepper->left > 0)
        print_pepper_left(pepper, first);
    else if (pepper->to > 0)
        officer_text_print(stdout, texts[pepper->phase], first, second);
}

static void print_kek(uint16_t generation) {
    char first[32];
    (void)snprintf(first, sizeof first, "%u", generation);
    if (generation > 0)
        officer_text_print(stdout, TEXT_STATUS_KEK, first, NULL);
}

static void print(const struct officer_box *box) {
    char first[96], second[64];
    (void)snprintf(first, sizeof first, "%s", box_state_text(box->state));
    (void)snprintf(second, sizeof second, "%u", box->record_generation);
    officer_text_print(stdout, TEXT_STATUS_STATE, first, second);
    (void)snprintf(first, sizeof first, "%s, %s", box->core_up ? "up" : "down",
                   box->unseal_up ? "up" : "down");
    (void)snprintf(second, sizeof second, "%u/%u", box->signers_up, box->signers);
    officer_text_print(stdout, TEXT_STATUS_PROCESSES, first, second);
    (void)snprintf(first, sizeof first, "%" PRIu64, box->registry_sequence);
    (void)snprintf(second, sizeof second, "%" PRIu64, box->salts);
    officer_text_print(stdout, TEXT_STATUS_SEQUENCE, first, second);
    (void)snprintf(first, sizeof first, "%" PRIu64, box->people);
    (void)snprintf(second, sizeof second, "%" PRIu64, box->vids);
    officer_text_print(stdout, TEXT_STATUS_PEOPLE, first, second);
    (void)snprintf(first, sizeof first, "%" PRIu64 ", %" PRIu64 ", %" PRIu64, box->partners,
                   box->policies, box->api_keys);
    (void)snprintf(second, sizeof second, "%" PRIu64 ", %" PRIu64, box->misps, box->anchors);
    officer_text_print(stdout, TEXT_STATUS_PROGRAMMES, first, second);
    (void)snprintf(first, sizeof first, "%" PRIu64, box->jose_clients);
    officer_text_print(stdout, TEXT_STATUS_JOSE, first, NULL);
    (void)snprintf(first, sizeof first, "%" PRIu64, box->enrolled);
    officer_text_print(stdout, TEXT_STATUS_ENROLLED, first, NULL);
    print_roll(&box->roll);
    print_kek(box->kek_generation);
    print_pepper(&box->pepper);
}

static enum result show(struct officer_link *link, const struct arguments *arguments) {
    struct officer_box box;
    struct bytes answer;
    (void)arguments;
    RESULT_TRY(officer_link_ask(link, OFFICER_STATUS, bytes_of(NULL, 0), &answer));
    enum err err = officer_wire_get_box(answer, &box);
    RESULT_TRY(officer_link_judge(err, &box.outcome, NULL));
    print(&box);
    if (box.signers_up > 0 && box.record_generation > 0)
        cmd_tls_status(link);
    return RESULT_DONE;
}

const struct command cmd_status = {
    .noun = "status",
    .verb = "",
    .about = TEXT_ABOUT_STATUS,
    .example = "officer status",
    .run = show,
};
