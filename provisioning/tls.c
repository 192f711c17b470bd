#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "hsm/wire_tls_install.h"
#include "authd/wire/tls_chain_wire.h"
#include "provisioning/keys.h"
#include "provisioning/officer_wire_tls.h"
#include "provisioning/tls.h"

#define SUBJECT_SIZE 96
#define QUESTION_SIZE                                                                              \
    (HSM_TLS_CERTIFICATES * (HSM_TLS_CERTIFICATE_MAX + 4) + HSM_TLS_NAMES_SIZE + 64)

_Static_assert(TLS_CHAIN_CERTIFICATES_MAX == HSM_TLS_CERTIFICATES &&
                   TLS_CHAIN_CERTIFICATE_MAX == HSM_TLS_CERTIFICATE_MAX &&
                   TLS_CHAIN_NAMES_SIZE == HSM_TLS_NAMES_SIZE &&
                   TLS_CHAIN_SUBJECT_SIZE == OFFICER_TLS_SUBJECT_SIZE,
               "what unseal reads is what signers keep and officers are shown");
_Static_assert(OFFICER_TLS_CERTIFICATES == HSM_TLS_CERTIFICATES &&
                   OFFICER_TLS_CERTIFICATE_MAX == HSM_TLS_CERTIFICATE_MAX &&
                   OFFICER_TLS_NAMES_SIZE == HSM_TLS_NAMES_SIZE &&
                   OFFICER_TLS_REQUEST_MAX >= HSM_TLS_REQUEST_MAX &&
                   OFFICER_TLS_KEYS_MAX >= HSM_TLS_KEYS_MAX,
               "what officers bring is what signers take, and what these tell fits");

/* One change is worked on at a time. */
static uint8_t question_memory[QUESTION_SIZE];

/* ---- signers ---- */

static enum err refuse_signer(struct change *change, enum err status) {
    if (status == ERR_NOT_FOUND)
        return change_refuse(change, status, OFFICER_REASON_TLS_NONE, NULL);
    if (status == ERR_CRYPTO)
        return change_refuse(change, status, OFFICER_REASON_TLS_KEY, NULL);
    return change_refuse(change, status, OFFICER_REASON_TOKEN, err_text(status));
}

static enum err ask_key_maker(struct change *change, uint16_t verb, const struct buffer *question,
                              struct secret *answer) {
    struct bytes written;
    ERR_TRY(buffer_end(question, &written));
    if (provd_peers_ask_key_maker(change->provd->peers, verb, written, answer) == ERR_OK)
        return ERR_OK;
    return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
}

/* What there is; views of ${shown} point into ${answer}. */
static enum err ask_shown(struct change *change, struct secret *answer,
                          struct hsm_tls_shown *shown) {
    ERR_TRY(keys_require(change));
    if (provd_peers_ask_signer(change->provd->peers, HSM_TLS_SHOW, bytes_of(NULL, 0), answer) !=
        ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_SIGNER, NULL);
    enum err err = hsm_wire_get_tls_shown(secret_view(answer), shown);
    if (err == ERR_OK)
        err = shown->receipt.status;
    return err == ERR_OK ? ERR_OK : refuse_signer(change, err);
}

/* ---- unseal ---- */

static enum err refuse_chain(struct change *change, const struct tls_chain_read *read) {
    static const enum officer_reason reasons[TLS_CHAIN_FAULTS] = {
        [TLS_CHAIN_UNREADABLE] = OFFICER_REASON_CERTIFICATE,
        [TLS_CHAIN_WEAK] = OFFICER_REASON_CERTIFICATE_WEAK,
        [TLS_CHAIN_TIME] = OFFICER_REASON_CERTIFICATE_EXPIRED,
        [TLS_CHAIN_SERVER] = OFFICER_REASON_TLS_SERVER,
        [TLS_CHAIN_ISSUER] = OFFICER_REASON_TLS_ISSUER,
        [TLS_CHAIN_PATH] = OFFICER_REASON_TLS_PATH,
        [TLS_CHAIN_NAME] = OFFICER_REASON_TLS_NAME,
    };
    char at[16];
    (void)snprintf(at, sizeof at, "#%u", read->at);
    return change_refuse(change, ERR_DENIED, reasons[read->fault],
                         read->fault == TLS_CHAIN_NAME ? read->missing : at);
}

/* Views of ${read} point into ${answer}. */
static enum err read_chain(struct change *change, const struct tls_chain_question *question,
                           struct secret *answer, struct tls_chain_read *read) {
    struct buffer buffer = buffer_over(question_memory, sizeof question_memory);
    struct bytes written;
    tls_chain_wire_put_question(&buffer, question);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_unseal(change->provd->peers, UNSEAL_TLS_CHAIN, written, answer) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, NULL);
    if (tls_chain_wire_get_read(secret_view(answer), read) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, "answer");
    return read->fault == TLS_CHAIN_GOOD ? ERR_OK : refuse_chain(change, read);
}

/* ---- officer tls request ---- */

enum err tls_request(struct change *change) {
    static struct officer_tls_requested requested; /* the change's, one at a time */
    struct officer_tls_request question;
    struct hsm_tls_request asked = {0};
    struct hsm_tls_requested answer;
    char subject[SUBJECT_SIZE];
    struct buffer buffer = buffer_over(question_memory, sizeof question_memory);
    requested = (struct officer_tls_requested){0};
    change->tls_requested = &requested;
    ERR_TRY(officer_wire_get_tls_request(change->payload, &question));
    ERR_TRY(keys_require(change));
    asked.generation = question.generation;
    memcpy(asked.names, question.names, sizeof asked.names);
    hsm_wire_put_tls_request(&buffer, &asked);
    (void)snprintf(subject, sizeof subject, "IDCS/TLS/%u %.64s", asked.generation, asked.names);
    ERR_TRY(change_record(change, subject));
    ERR_TRY(ask_key_maker(change, HSM_TLS_REQUEST, &buffer, &change->published));
    enum err err = hsm_wire_get_tls_requested(secret_view(&change->published), &answer);
    if (err == ERR_OK)
        err = answer.receipt.status;
    if (err == ERR_DENIED)
        return change_refuse(change, err, OFFICER_REASON_VALUE, "names");
    if (err != ERR_OK)
        return refuse_signer(change, err);
    requested.generation = answer.generation;
    requested.request = answer.request;
    return ERR_OK;
}

/* ---- officer tls install ---- */

static enum err find_key(struct change *change, const struct hsm_tls_shown *shown,
                         const struct tls_chain_read *read, uint16_t *generation) {
    for (size_t i = 0; i < shown->count; i++) {
        *generation = shown->keys[i].generation;
        if (bytes_equal(shown->keys[i].public_key, read->public_key))
            return ERR_OK;
    }
    return change_refuse(change, ERR_CRYPTO, OFFICER_REASON_TLS_KEY, NULL);
}

/* The journal has who brought what for which key, and why names of the box may be missing. */
static enum err record_install(struct change *change, const struct officer_tls_install *question,
                               uint16_t generation, const uint8_t thumbprint[static 32]) {
    char subject[SUBJECT_SIZE], hex[2 * 32 + 1];
    if (question->force[0] != '\0') {
        (void)snprintf(subject, sizeof subject, "IDCS/TLS/%u force-names: %s", generation,
                       question->force);
        ERR_TRY(change_record(change, subject));
    }
    (void)sodium_bin2hex(hex, sizeof hex, thumbprint, 32);
    (void)snprintf(subject, sizeof subject, "IDCS/TLS/%u %s", generation, hex);
    return change_record(change, subject);
}

static enum err store(struct change *change, const struct officer_tls_install *question,
                      uint16_t generation, int64_t not_after_ms) {
    struct hsm_tls_install install = {
        .generation = generation, .not_after_ms = not_after_ms, .count = question->count};
    struct hsm_tls_installed answer;
    struct buffer buffer = buffer_over(question_memory, sizeof question_memory);
    SECRET(answered);
    memcpy(install.certificates, question->certificates, sizeof install.certificates);
    hsm_wire_put_tls_install(&buffer, &install);
    ERR_TRY(ask_key_maker(change, HSM_TLS_INSTALL, &buffer, &answered));
    enum err err = hsm_wire_get_tls_installed(secret_view(&answered), &answer);
    if (err == ERR_OK)
        err = answer.receipt.status;
    return err == ERR_OK ? ERR_OK : refuse_signer(change, err);
}

/* That clients have the authority behind the last certificate, nobody here can know. */
static void tell_end(const struct tls_chain_read *read, struct officer_tls_installed *installed) {
    installed->end = read->end;
    memcpy(installed->authority, read->authority, sizeof installed->authority);
    if (read->end == TLS_CHAIN_LEAF_ALONE)
        log_event(LOG_WARNING, "tls-leaf-alone", "generation=%u advice=%s", installed->generation,
                  "if-its-authority-is-an-intermediate-one-install-that-too");
}

enum err tls_install(struct change *change) {
    static struct officer_tls_installed installed; /* the change's, one at a time */
    static struct hsm_tls_shown shown;
    struct officer_tls_install question;
    struct tls_chain_question chain = {.judged = true, .now_ms = clock_wall_ms()};
    struct tls_chain_read read;
    uint16_t generation = 0;
    SECRET(shown_answer);
    SECRET(read_answer);
    installed = (struct officer_tls_installed){0};
    change->tls_installed = &installed;
    ERR_TRY(officer_wire_get_tls_install(change->payload, &question));
    ERR_TRY(ask_shown(change, &shown_answer, &shown));
    chain.count = question.count;
    memcpy(chain.certificates, question.certificates, sizeof chain.certificates);
    if (question.force[0] == '\0')
        memcpy(chain.names, shown.names, sizeof chain.names);
    ERR_TRY(read_chain(change, &chain, &read_answer, &read));
    ERR_TRY(find_key(change, &shown, &read, &generation));
    ERR_TRY(record_install(change, &question, generation, read.thumbprint));
    ERR_TRY(store(change, &question, generation, read.not_after_ms));
    installed.generation = generation;
    installed.in_file = change->provd->tls_in_file;
    tell_end(&read, &installed);
    return ERR_OK;
}

/* ---- officer tls remove ---- */

enum err tls_remove(struct change *change) {
    struct officer_tls_remove question;
    struct hsm_tls_removed answer;
    char subject[SUBJECT_SIZE];
    struct buffer buffer = buffer_over(question_memory, sizeof question_memory);
    SECRET(answered);
    ERR_TRY(officer_wire_get_tls_remove(change->payload, &question));
    ERR_TRY(keys_require(change));
    const struct hsm_tls_remove asked = {question.generation};
    hsm_wire_put_tls_remove(&buffer, &asked);
    (void)snprintf(subject, sizeof subject, "IDCS/TLS/%u", question.generation);
    ERR_TRY(change_record(change, subject));
    ERR_TRY(ask_key_maker(change, HSM_TLS_REMOVE, &buffer, &answered));
    enum err err = hsm_wire_get_tls_removed(secret_view(&answered), &answer);
    if (err == ERR_OK)
        err = answer.receipt.status;
    return err == ERR_OK ? ERR_OK : refuse_signer(change, err);
}

/* ---- officer tls show ---- */

static enum err describe(struct change *change, const struct hsm_tls_held *held,
                         struct officer_tls_key *key) {
    const struct tls_chain_question chain = {
        .now_ms = clock_wall_ms(), .count = 1, .certificates = {held->leaf}};
    struct tls_chain_read read;
    SECRET(answer);
    ERR_TRY(read_chain(change, &chain, &answer, &read));
    *key = (struct officer_tls_key){
        .generation = held->generation,
        .state = held->state,
        .brought = held->brought,
        .count = (uint8_t)held->count,
        .not_after_ms = held->brought ? held->not_after_ms : read.not_after_ms,
    };
    memcpy(key->subject, read.subject, sizeof key->subject);
    memcpy(key->issuer, read.issuer, sizeof key->issuer);
    memcpy(key->names, read.names, sizeof key->names);
    memcpy(key->thumbprint, read.thumbprint, sizeof key->thumbprint);
    return ERR_OK;
}

enum err tls_show(struct change *change) {
    static struct officer_tls_shown told; /* the change's, one at a time */
    static struct hsm_tls_shown shown;
    SECRET(answer);
    if (change->payload.len != 0)
        return ERR_MALFORMED;
    memset(&told, 0, sizeof told);
    change->tls_shown = &told;
    ERR_TRY(ask_shown(change, &answer, &shown));
    told.in_file = change->provd->tls_in_file;
    memcpy(told.names, shown.names, sizeof told.names);
    for (size_t i = 0; i < shown.count; i++)
        ERR_TRY(describe(change, &shown.keys[i], &told.keys[i]));
    told.count = shown.count;
    return ERR_OK;
}
