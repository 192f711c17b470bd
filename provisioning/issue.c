#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "provisioning/box_anchors.h"
#include "provisioning/issue.h"
#include "provisioning/jose_clients.h"
#include "provisioning/programmes.h"
#include "provisioning/requests.h"
#include "provisioning/values.h"

#define KEY_HEX_BYTES 8

_Static_assert(OFFICER_CERTIFICATE_NAME_SIZE == HSM_CERTIFY_NAME_SIZE &&
                   OFFICER_CERTIFICATE_DAYS_MAX == HSM_CERTIFY_DAYS_MAX &&
                   OFFICER_CERTIFICATE_DER_MAX == HSM_CERTIFIED_DER_MAX,
               "what officers may ask for is what the signer issues");

/* What each kind is called, which anchors it is judged by, and for the JOSE profile which of its
 * three certificates it is. */
static const struct kind {
    enum hsm_certify_kind kind;
    const char *name;
    const char *domain; /* NULL: none */
    enum jose_clients_use use;
} kinds[OFFICER_CERTIFICATE_USES] = {
    [OFFICER_CERTIFICATE_MOSIP] = {HSM_CERTIFY_PARTNER, "mosip", BOX_ANCHORS_PROGRAMMES,
                                   JOSE_CLIENTS_USES},
    [OFFICER_CERTIFICATE_TLS] = {HSM_CERTIFY_TLS, "tls", NULL, JOSE_CLIENTS_TLS},
    [OFFICER_CERTIFICATE_SIGNATURE] = {HSM_CERTIFY_SIGNATURE, "signature", NULL,
                                       JOSE_CLIENTS_SIGNATURE},
    [OFFICER_CERTIFICATE_ENCRYPTION] = {HSM_CERTIFY_ENCRYPTION, "encryption", NULL,
                                        JOSE_CLIENTS_ENCRYPTION},
    [OFFICER_CERTIFICATE_DEVICE] = {HSM_CERTIFY_DEVICE, "device", BOX_ANCHORS_DEVICES,
                                    JOSE_CLIENTS_USES},
};

/* One certificate on its way. */
struct issue {
    struct officer_certificate question;
    const struct kind *kind;
    struct partner partner; /* but for a device */
    bool is_new;            /* ${partner} is not registered yet */
    struct unseal_pkcs10_read request;
    struct hsm_certified certified; /* views of the change's own memory */
    struct unseal_certificate_read
        read; /* of what was issued, as though an officer had brought it */
};

static bool is_device(const struct issue *issue) {
    return issue->question.use == OFFICER_CERTIFICATE_DEVICE;
}

/* ---- before it is issued ---- */

/* A device bears its name as its common name; a programme is known by its id. */
static enum err judge_id(const struct officer_certificate *question) {
    if (question->use == OFFICER_CERTIFICATE_DEVICE)
        return hsm_certify_name(question->id) ? ERR_OK : ERR_MALFORMED;
    return strlen(question->id) < PROGRAMME_ID_SIZE ? values_id(question->id) : ERR_TOO_LARGE;
}

static enum err judge_question(struct change *change, const struct officer_certificate *question) {
    bool of_device = question->use == OFFICER_CERTIFICATE_DEVICE;
    bool in_range = question->days >= 1 && question->days <= HSM_CERTIFY_DAYS_MAX;
    struct bytes name = bytes_of_text(question->name);
    ERR_TRY(change_require(change, judge_id(question), of_device ? "name" : "id"));
    ERR_TRY(change_require(change, name.len > 0 ? values_name(name) : ERR_OK, "name"));
    return change_require(change, in_range ? ERR_OK : ERR_MALFORMED, "days");
}

/* A programme of the MOSIP profile may be new, if the officer names it. */
static enum err find_partner(struct change *change, struct issue *issue) {
    const struct officer_certificate *question = &issue->question;
    if (is_device(issue))
        return ERR_OK;
    enum err found = registry_partner(change->provd->registry, question->id, &issue->partner);
    if (found == ERR_NOT_FOUND && question->use == OFFICER_CERTIFICATE_MOSIP &&
        question->name[0] != '\0') {
        issue->is_new = true;
        issue->partner = (struct partner){.status = STATUS_ACTIVE};
        (void)snprintf(issue->partner.id, sizeof issue->partner.id, "%.63s", question->id);
        (void)snprintf(issue->partner.name, sizeof issue->partner.name, "%s", question->name);
        return ERR_OK;
    }
    if (found == ERR_NOT_FOUND)
        return change_refuse(change, found, OFFICER_REASON_ISSUE_UNKNOWN, question->id);
    return change_registry(change, found);
}

/* Whether it will be registered, and in whose place. A programme without the other two certificates
 * is not of the JOSE profile yet. */
static enum err foresee(struct change *change, const struct issue *issue) {
    struct officer_issued *issued = &change->issued;
    struct jose_client client;
    if (is_device(issue))
        return ERR_OK;
    if (issue->kind->domain != NULL) {
        issued->registered = true;
        issued->replaced = !issue->is_new;
        return ERR_OK;
    }
    enum err found = registry_jose_client(change->provd->registry, issue->question.id, &client);
    if (found == ERR_NOT_FOUND)
        return ERR_OK;
    issued->registered = issued->replaced = found == ERR_OK;
    return change_registry(change, found);
}

/* What a programme works with isn't taken from it by an officer who only wanted a certificate. */
static enum err require_word(struct change *change, const struct issue *issue) {
    ERR_TRY(foresee(change, issue));
    if (!change->issued.replaced || issue->question.replace)
        return ERR_OK;
    return change_refuse(change, ERR_EXISTS, OFFICER_REASON_REPLACES, issue->question.id);
}

/* "signature amo-tadamon key=0123456789abcdef": who gets a certificate for what. */
static enum err record_request(struct change *change, const struct issue *issue) {
    char subject[96], key[2 * KEY_HEX_BYTES + 1];
    (void)sodium_bin2hex(key, sizeof key, issue->request.key_hash, KEY_HEX_BYTES);
    (void)snprintf(subject, sizeof subject, "%s %s key=%s", issue->kind->name, issue->question.id,
                   key);
    return change_record(change, subject);
}

/* The programme's name, if a certificate can bear it. */
static void name_organisation(const struct issue *issue, struct hsm_certify *question) {
    if (!is_device(issue) && hsm_certify_name(issue->partner.name))
        memcpy(question->organisation, issue->partner.name, strlen(issue->partner.name) + 1);
}

static enum err certify(struct change *change, struct issue *issue) {
    const struct unseal_pkcs10_read *request = &issue->request;
    struct hsm_certify question = {
        .kind = issue->kind->kind,
        .days = issue->question.days,
        .modulus_len = request->modulus_len,
        .exponent = PKCS10_EXPONENT,
    };
    _Static_assert(sizeof question.modulus == sizeof request->modulus &&
                       sizeof question.x == sizeof request->x,
                   "a key that was read fits");
    memcpy(question.common_name, issue->question.id, sizeof question.common_name);
    memcpy(question.modulus, request->modulus, sizeof question.modulus);
    memcpy(question.x, request->x, sizeof question.x);
    memcpy(question.y, request->y, sizeof question.y);
    name_organisation(issue, &question);
    return requests_certify(change, &question, request->key_name, &change->published,
                            &issue->certified);
}

/* ---- and after ---- */

/* "sha256=… key=…": what the request before it has become. */
static enum err record_certificate(struct change *change, const struct issue *issue) {
    char subject[96], hash[2 * 32 + 1], key[2 * KEY_HEX_BYTES + 1];
    (void)sodium_bin2hex(hash, sizeof hash, issue->read.thumbprint, 32);
    (void)sodium_bin2hex(key, sizeof key, issue->request.key_hash, KEY_HEX_BYTES);
    (void)snprintf(subject, sizeof subject, "sha256=%s key=%s", hash, key);
    return change_record(change, subject);
}

static enum err register_by_domain(struct change *change, struct issue *issue) {
    CERTIFICATES_CLEANUP struct certificates_anchors *anchors = NULL;
    struct officer_issued *issued = &change->issued;
    const char *domain = issue->kind->domain;
    SECRET(answer);
    ERR_TRY(
        box_anchors_with(change, domain, issue->certified.authority, &anchors, &issued->anchored));
    const struct certificates_question asked = {.encoded = issue->certified.certificate,
                                                .anchors = anchors};
    ERR_TRY(certificates_read(change, &asked, &answer, &issue->read));
    if (!is_device(issue))
        ERR_TRY(programmes_fill_certificate(change, &issue->read, &issue->partner));
    ERR_TRY(record_certificate(change, issue));
    (void)snprintf(issued->domain, sizeof issued->domain, "%s", domain);
    if (is_device(issue) && !issued->anchored)
        return ERR_OK; /* nothing is new to the registry */
    struct registry_batch batch = registry_begin(change->provd->registry);
    if (issued->anchored)
        box_anchors_put(&batch, domain, issue->certified.authority);
    if (!is_device(issue))
        registry_put_partner(&batch, &issue->partner);
    return change_commit(change, &batch);
}

static enum err register_by_use(struct change *change, struct issue *issue) {
    const struct certificates_question asked = {.encoded = issue->certified.certificate,
                                                .key = CERTIFICATE_KEY_P256,
                                                .purpose = issue->kind->name};
    struct jose_client client;
    SECRET(answer);
    ERR_TRY(certificates_read(change, &asked, &answer, &issue->read));
    enum err found = registry_jose_client(change->provd->registry, issue->question.id, &client);
    if (found == ERR_NOT_FOUND)
        return record_certificate(change, issue);
    ERR_TRY(change_registry(change, found));
    ERR_TRY(jose_clients_renew(change, issue->kind->use, &issue->read, &client));
    ERR_TRY(record_certificate(change, issue));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_jose_client(&batch, &client);
    return change_commit(change, &batch);
}

static void answer(struct change *change, const struct issue *issue) {
    change->issued.not_after_ms = issue->read.not_after_ms;
    change->issued.certificate = issue->certified.certificate;
    change->issued.authority = issue->certified.authority;
}

enum err issue_certificate(struct change *change) {
    struct issue issue = {0};
    ERR_TRY(officer_wire_get_certificate(change->payload, &issue.question));
    issue.kind = &kinds[issue.question.use];
    ERR_TRY(judge_question(change, &issue.question));
    ERR_TRY(find_partner(change, &issue));
    ERR_TRY(requests_read(change, issue.question.request, issue.kind->kind, &issue.request));
    ERR_TRY(require_word(change, &issue));
    change->issued.dry_run = issue.question.dry_run;
    if (issue.question.dry_run)
        return ERR_OK;
    ERR_TRY(record_request(change, &issue));
    ERR_TRY(certify(change, &issue));
    ERR_TRY(issue.kind->domain != NULL ? register_by_domain(change, &issue)
                                       : register_by_use(change, &issue));
    answer(change, &issue);
    return ERR_OK;
}
