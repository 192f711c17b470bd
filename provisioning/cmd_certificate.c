#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/pem.h"
#include "provisioning/cmd.h"
#include "provisioning/cmd_key_life.h"
#include "provisioning/officer_input.h"
#include "provisioning/officer_wire_certificate.h"

/* Certificates of the box's own CA. The certificates alone are on standard output. */
#define DAYS_USUAL 365

static const struct {
    const char *text;
    enum officer_certificate_use use;
} uses[] = {
    {"mosip", OFFICER_CERTIFICATE_MOSIP},
    {"tls", OFFICER_CERTIFICATE_TLS},
    {"signature", OFFICER_CERTIFICATE_SIGNATURE},
    {"encryption", OFFICER_CERTIFICATE_ENCRYPTION},
};

static enum result read_use(const char *text, enum officer_certificate_use *use) {
    *use = OFFICER_CERTIFICATE_MOSIP;
    if (text == NULL)
        return RESULT_DONE;
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        *use = uses[i].use;
        if (strcmp(uses[i].text, text) == 0)
            return RESULT_DONE;
    }
    officer_text_complain(TEXT_BAD_USE, text, NULL);
    return RESULT_USAGE;
}

static enum result read_days(const char *text, uint16_t *days) {
    char most[8];
    int64_t number = 0;
    *days = DAYS_USUAL;
    if (text == NULL)
        return RESULT_DONE;
    if (codec_integer(text, 1, OFFICER_CERTIFICATE_DAYS_MAX, &number) == ERR_OK) {
        *days = (uint16_t)number;
        return RESULT_DONE;
    }
    (void)snprintf(most, sizeof most, "%d", OFFICER_CERTIFICATE_DAYS_MAX);
    officer_text_complain(TEXT_BAD_DAYS, text, most);
    return RESULT_USAGE;
}

static enum result print_pem(const struct officer_certificate *question,
                             const struct officer_issued *issued) {
    uint8_t memory[4 * OFFICER_CERTIFICATE_DER_MAX];
    struct buffer pem = buffer_over(memory, sizeof memory);
    struct bytes written;
    pem_put(&pem, "CERTIFICATE", issued->certificate);
    pem_put(&pem, "CERTIFICATE", issued->authority);
    enum err err = buffer_end(&pem, &written);
    if (err == ERR_OK && fwrite(written.data, 1, written.len, stdout) == written.len &&
        fflush(stdout) == 0)
        return RESULT_DONE;
    officer_text_complain(issued->registered ? TEXT_ISSUED_UNWRITTEN : TEXT_CANNOT_WRITE,
                          question->id, NULL);
    return RESULT_REFUSED;
}

static void say(const struct officer_certificate *question, const struct officer_issued *issued) {
    char until[CLOCK_TEXT_SIZE];
    clock_format_millis(issued->not_after_ms, until);
    officer_text_print(stderr, TEXT_ISSUED, question->id, until);
    if (issued->registered)
        officer_text_print(stderr, TEXT_ISSUED_REGISTERED, question->id, NULL);
    else if (question->use != OFFICER_CERTIFICATE_DEVICE)
        officer_text_print(stderr, TEXT_ISSUED_ALONE, question->id, NULL);
    if (issued->replaced)
        officer_text_print(stderr, TEXT_ISSUED_REPLACED, question->id, NULL);
    if (issued->anchored)
        officer_text_print(stderr, TEXT_ISSUED_ANCHOR, issued->domain, NULL);
}

static void say_dry_run(const struct officer_certificate *question,
                        const struct officer_issued *issued) {
    officer_text_print(stderr, TEXT_ISSUE_DRY_RUN, question->id, NULL);
    if (issued->replaced)
        officer_text_print(stderr, TEXT_ISSUE_WOULD_REPLACE, question->id, NULL);
}

static enum result send(struct officer_link *link, struct officer_certificate *question,
                        const char *path) {
    static uint8_t content[OFFICER_CERTIFICATE_MAX], memory[OFFICER_CERTIFICATE_MAX + 512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_issued issued;
    struct bytes answer;
    RESULT_TRY(officer_input_read(path, content, sizeof content, &question->request));
    officer_wire_put_certificate(&buffer, question);
    RESULT_TRY(
        officer_link_ask(link, OFFICER_CERTIFICATE, bytes_of(buffer.data, buffer.len), &answer));
    enum err err = officer_wire_get_issued(answer, &issued);
    RESULT_TRY(officer_link_judge(err, &issued.outcome, question->id));
    if (issued.dry_run) {
        say_dry_run(question, &issued);
        return RESULT_DONE;
    }
    RESULT_TRY(print_pem(question, &issued));
    say(question, &issued);
    return RESULT_DONE;
}

static enum result issue(struct officer_link *link, const struct arguments *arguments) {
    struct officer_certificate question = {0};
    const char *name = arguments_get(arguments, "name");
    RESULT_TRY(
        officer_input_text("id", arguments_get(arguments, "id"), question.id, sizeof question.id));
    RESULT_TRY(
        officer_input_text("name", name != NULL ? name : "", question.name, sizeof question.name));
    RESULT_TRY(read_use(arguments_get(arguments, "use"), &question.use));
    RESULT_TRY(read_days(arguments_get(arguments, "days"), &question.days));
    RESULT_TRY(cmd_key_life_switch(arguments, "replace", &question.replace));
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &question.dry_run));
    return send(link, &question, arguments_get(arguments, "csr"));
}

static enum result issue_device(struct officer_link *link, const struct arguments *arguments) {
    struct officer_certificate question = {.use = OFFICER_CERTIFICATE_DEVICE};
    RESULT_TRY(officer_input_text("name", arguments_get(arguments, "name"), question.id,
                                  sizeof question.id));
    RESULT_TRY(read_days(arguments_get(arguments, "days"), &question.days));
    RESULT_TRY(cmd_key_life_switch(arguments, "dry-run", &question.dry_run));
    return send(link, &question, arguments_get(arguments, "csr"));
}

const struct command cmd_certificate_issue = {
    .noun = "certificate",
    .verb = "issue",
    .about = TEXT_ABOUT_CERTIFICATE_ISSUE,
    .example = "officer certificate issue id=amo-tadamon csr=amo-tls.csr use=tls > amo-tls.pem",
    .arguments = {{"id", "ID", false},
                  {"csr", "FILE", false},
                  {"use", "mosip|tls|signature|encryption", true},
                  {"days", "N", true},
                  {"name", "NAME", true},
                  {"replace", "yes", true},
                  {"dry-run", "yes", true}},
    .run = issue,
};
const struct command cmd_certificate_device = {
    .noun = "certificate",
    .verb = "issue-device",
    .about = TEXT_ABOUT_CERTIFICATE_DEVICE,
    .example = "officer certificate issue-device name='Scanner 0042' csr=scanner.csr > scanner.pem",
    .arguments = {{"name", "NAME", false},
                  {"csr", "FILE", false},
                  {"days", "N", true},
                  {"dry-run", "yes", true}},
    .run = issue_device,
};
