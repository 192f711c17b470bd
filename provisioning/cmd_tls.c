#include <string.h>

#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/codec.h"
#include "firmware/base/pem.h"
#include "hsm/tls_expiry.h"
#include "provisioning/cmd.h"
#include "provisioning/cmd_tls.h"
#include "provisioning/officer_input.h"
#include "provisioning/officer_pem.h"
#include "provisioning/officer_wire_tls.h"

#define CHAIN_FILE_MAX  65536
#define REQUEST_PEM_MAX (OFFICER_TLS_REQUEST_MAX / 3 * 4 + 512)
#define NAME_SIZE       32

static enum result read_generation(const char *text, uint16_t *generation) {
    int64_t number = 0;
    *generation = 0;
    if (text == NULL)
        return RESULT_DONE;
    if (codec_integer(text, 1, UINT16_MAX, &number) != ERR_OK) {
        officer_text_complain(TEXT_TLS_BAD_GENERATION, text, NULL);
        return RESULT_USAGE;
    }
    *generation = (uint16_t)number;
    return RESULT_DONE;
}

static enum result ask(struct officer_link *link, enum officer_verb verb,
                       const struct buffer *question, struct bytes *answer) {
    struct bytes written;
    if (buffer_end(question, &written) == ERR_OK)
        return officer_link_ask(link, verb, written, answer);
    officer_text_complain(TEXT_TOO_LONG, "names", "1023");
    return RESULT_USAGE;
}

/* ---- officer tls request ---- */

static enum result request(struct officer_link *link, const struct arguments *arguments) {
    static struct officer_tls_requested told;
    static uint8_t pem[REQUEST_PEM_MAX];
    struct officer_tls_request question = {0};
    uint8_t memory[OFFICER_TLS_NAMES_SIZE + 16];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct buffer text = buffer_over(pem, sizeof pem);
    struct bytes answer;
    const char *names = arguments_get(arguments, "names");
    RESULT_TRY(read_generation(arguments_get(arguments, "generation"), &question.generation));
    if (names != NULL)
        RESULT_TRY(officer_input_text("names", names, question.names, sizeof question.names));
    officer_wire_put_tls_request(&target, &question);
    RESULT_TRY(ask(link, OFFICER_TLS_REQUEST, &target, &answer));
    enum err err = officer_wire_get_tls_requested(answer, &told);
    RESULT_TRY(officer_link_judge(err, &told.outcome, NULL));
    pem_put(&text, "CERTIFICATE REQUEST", told.request);
    if (text.err == ERR_OK && fwrite(pem, 1, text.len, stdout) == text.len && fflush(stdout) == 0)
        return RESULT_DONE;
    officer_text_complain(TEXT_CANNOT_WRITE, NULL, NULL);
    return RESULT_REFUSED;
}

const struct command cmd_tls_request = {
    .noun = "tls",
    .verb = "request",
    .about = TEXT_ABOUT_TLS_REQUEST,
    .example = "officer tls request names=\"id.example.ma, 192.0.2.7\" > csr.pem",
    .arguments = {{.name = "names", .shown = "NAMES", .optional = true},
                  {.name = "generation", .shown = "N", .optional = true}},
    .run = request,
};

/* ---- officer tls install ---- */

static enum result read_chain(const char *path, struct officer_tls_install *question) {
    static uint8_t text[CHAIN_FILE_MAX],
        der[OFFICER_TLS_CERTIFICATES * OFFICER_TLS_CERTIFICATE_MAX];
    static const struct officer_pem_limits limits = {OFFICER_TLS_CERTIFICATES,
                                                     OFFICER_TLS_CERTIFICATE_MAX};
    static const struct {
        enum err err;
        enum officer_text text;
    } complaints[] = {
        {ERR_NOT_FOUND, TEXT_TLS_NO_CERTIFICATE},
        {ERR_MALFORMED, TEXT_TLS_NO_CERTIFICATE},
        {ERR_FULL, TEXT_TLS_MANY},
        {ERR_TOO_LARGE, TEXT_TLS_LARGE},
    };
    struct bytes content;
    struct buffer memory = buffer_over(der, sizeof der);
    RESULT_TRY(officer_input_read(path, text, sizeof text, &content));
    enum err err =
        officer_pem_read(content, &limits, &memory, question->certificates, &question->count);
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++)
        if (complaints[i].err == err)
            officer_text_complain(complaints[i].text, path, NULL);
    return err == ERR_OK ? RESULT_DONE : RESULT_USAGE;
}

/* What clients need besides; nothing of a chain that has its root. */
static void print_end(const struct officer_tls_installed *installed) {
    const char *authority = installed->authority[0] != '\0' ? installed->authority : "?";
    if (installed->end == TLS_CHAIN_LEAF_ALONE)
        officer_text_print(stdout, TEXT_TLS_LEAF_ALONE, authority, NULL);
    else if (installed->end == TLS_CHAIN_AUTHORITY)
        officer_text_print(stdout, TEXT_TLS_AUTHORITY, authority, NULL);
}

static enum result install(struct officer_link *link, const struct arguments *arguments) {
    static uint8_t memory[OFFICER_TLS_CERTIFICATES * (OFFICER_TLS_CERTIFICATE_MAX + 4) + 128];
    struct officer_tls_install question = {0};
    struct officer_tls_installed installed;
    struct bytes answer;
    struct buffer target = buffer_over(memory, sizeof memory);
    char name[NAME_SIZE];
    const char *path = arguments_get(arguments, "");
    RESULT_TRY(read_chain(path, &question));
    RESULT_TRY(officer_input_reason("force-names", arguments_get(arguments, "force-names"),
                                    question.force, sizeof question.force));
    officer_wire_put_tls_install(&target, &question);
    RESULT_TRY(
        officer_link_ask(link, OFFICER_TLS_INSTALL, bytes_of(target.data, target.len), &answer));
    enum err err = officer_wire_get_tls_installed(answer, &installed);
    RESULT_TRY(officer_link_judge(err, &installed.outcome, path));
    (void)snprintf(name, sizeof name, "IDCS/TLS/%u", installed.generation);
    officer_text_print(stdout, installed.in_file ? TEXT_TLS_INSTALLED_UNSHOWN : TEXT_TLS_INSTALLED,
                       name, NULL);
    print_end(&installed);
    return RESULT_DONE;
}

const struct command cmd_tls_install = {
    .noun = "tls",
    .verb = "install",
    .about = TEXT_ABOUT_TLS_INSTALL,
    .example = "officer tls install chain.pem",
    .arguments = {{.name = "force-names", .shown = "REASON", .optional = true},
                  {.name = "", .shown = "FILE"}},
    .run = install,
};

/* ---- officer tls remove ---- */

static enum result remove_chain(struct officer_link *link, const struct arguments *arguments) {
    struct officer_tls_remove question;
    uint8_t memory[8];
    struct buffer target = buffer_over(memory, sizeof memory);
    char name[NAME_SIZE];
    RESULT_TRY(read_generation(arguments_get(arguments, ""), &question.generation));
    officer_wire_put_tls_remove(&target, &question);
    (void)snprintf(name, sizeof name, "IDCS/TLS/%u", question.generation);
    RESULT_TRY(officer_link_change(link, OFFICER_TLS_REMOVE, &target, name, NULL));
    officer_text_print(stdout, TEXT_TLS_REMOVED, name, NULL);
    return RESULT_DONE;
}

const struct command cmd_tls_remove = {
    .noun = "tls",
    .verb = "remove",
    .about = TEXT_ABOUT_TLS_REMOVE,
    .example = "officer tls remove 2",
    .arguments = {{.name = "", .shown = "GENERATION"}},
    .run = remove_chain,
};

/* ---- officer tls show ---- */

static void print_expiry(int64_t not_after_ms) {
    int64_t now_ms = clock_wall_ms();
    char span[OFFICER_TEXT_SPAN_SIZE];
    enum tls_expiry expiry = tls_expiry_of(not_after_ms, now_ms);
    if (expiry == TLS_EXPIRY_FAR)
        return;
    bool is_over = expiry == TLS_EXPIRY_OVER;
    officer_text_span(is_over ? now_ms - not_after_ms : not_after_ms - now_ms, span);
    officer_text_print(stdout, is_over ? TEXT_TLS_OVER : TEXT_TLS_ENDS, span, NULL);
}

static void print_key(const struct officer_tls_key *key) {
    char name[NAME_SIZE], date[CLOCK_TEXT_SIZE], hex[2 * sizeof key->thumbprint + 1];
    (void)snprintf(name, sizeof name, "IDCS/TLS/%u", key->generation);
    officer_text_print(stdout, key->brought ? TEXT_TLS_BROUGHT : TEXT_TLS_OWN, name,
                       keystate_text(key->state));
    clock_format_millis(key->not_after_ms, date);
    (void)printf("    subject    %s\n    issuer     %s\n    names      %s\n", key->subject,
                 key->issuer, key->names);
    (void)printf("    not-after  %s\n    chain      %u\n", date, key->count);
    (void)printf("    sha-256    %s\n",
                 sodium_bin2hex(hex, sizeof hex, key->thumbprint, sizeof key->thumbprint));
    if (key->state == KEYSTATE_ACTIVE)
        print_expiry(key->not_after_ms);
}

static enum err fetch(struct officer_link *link, struct officer_tls_shown *shown) {
    struct bytes answer;
    if (officer_link_ask(link, OFFICER_TLS_SHOW, bytes_of(NULL, 0), &answer) != RESULT_DONE)
        return ERR_CLOSED; /* which has been said */
    return officer_wire_get_tls_shown(answer, shown);
}

static enum result show(struct officer_link *link, const struct arguments *arguments) {
    static struct officer_tls_shown shown;
    (void)arguments;
    enum err err = fetch(link, &shown);
    if (err == ERR_CLOSED)
        return RESULT_REFUSED;
    RESULT_TRY(officer_link_judge(err, &shown.outcome, NULL));
    if (shown.in_file)
        officer_text_print(stdout, TEXT_TLS_IN_FILE, NULL, NULL);
    for (size_t i = 0; i < shown.count; i++)
        print_key(&shown.keys[i]);
    return RESULT_DONE;
}

const struct command cmd_tls_show = {
    .noun = "tls",
    .verb = "show",
    .about = TEXT_ABOUT_TLS_SHOW,
    .example = "officer tls show",
    .run = show,
};

void cmd_tls_status(struct officer_link *link) {
    static struct officer_tls_shown shown;
    char name[NAME_SIZE], date[CLOCK_TEXT_SIZE];
    if (fetch(link, &shown) != ERR_OK || shown.outcome.status != ERR_OK)
        return;
    const struct officer_tls_key *key = &shown.keys[0];
    if (shown.in_file) {
        officer_text_print(stdout, TEXT_TLS_IN_FILE, NULL, NULL);
        return;
    }
    (void)snprintf(name, sizeof name, "IDCS/TLS/%u", key->generation);
    clock_format_millis(key->not_after_ms, date);
    officer_text_print(stdout, key->brought ? TEXT_STATUS_TLS_BROUGHT : TEXT_STATUS_TLS_OWN, name,
                       date);
    print_expiry(key->not_after_ms);
}
