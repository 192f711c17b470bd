#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "provisioning/box_anchors.h"
#include "provisioning/officer_wire_trust.h"
#include "provisioning/trust_list.h"
#include "provisioning/values.h"

/* One that is not valid today is listed all the same: it is what officers look for. */
static enum err add(struct change *change, const char *domain, struct bytes der,
                    struct officer_anchor *anchor) {
    const struct certificates_question question = {.encoded = der};
    struct unseal_certificate_read read;
    SECRET(answer);
    *anchor = (struct officer_anchor){0};
    (void)snprintf(anchor->domain, sizeof anchor->domain, "%s", domain);
    (void)crypto_hash_sha256(anchor->thumbprint, der.data, der.len);
    enum err err = certificates_read(change, &question, &answer, &read);
    if (err == ERR_UNAVAILABLE)
        return err;
    change->outcome = (struct officer_outcome){0};
    if (err != ERR_OK)
        return ERR_OK;
    anchor->not_after_ms = read.not_after_ms;
    (void)snprintf(anchor->subject, sizeof anchor->subject, "%s", read.subject);
    return ERR_OK;
}

static enum err add_domain(struct change *change, const char *domain,
                           struct officer_anchors *anchors) {
    CERTIFICATES_CLEANUP struct certificates_anchors *found = NULL;
    ERR_TRY(certificates_load_anchors(change, domain, &found));
    for (size_t i = 0; i < found->count && anchors->count < OFFICER_ANCHORS_MAX; i++)
        ERR_TRY(add(change, domain, found->der[i], &anchors->of[anchors->count++]));
    return ERR_OK;
}

enum err trust_list_show(struct change *change) {
    static const char *const asked_by_the_box[] = {BOX_ANCHORS_PROGRAMMES, BOX_ANCHORS_DEVICES,
                                                   "FTM"};
    static struct officer_anchors anchors; /* the change's, one at a time */
    _Static_assert(OFFICER_ANCHORS_MAX == 3 * CERTIFICATES_ANCHORS_MAX, "all of them fit");
    struct officer_trust_question question;
    ERR_TRY(officer_wire_get_trust_question(change->payload, &question));
    anchors.count = 0;
    change->anchors = &anchors;
    if (question.domain[0] != '\0') {
        ERR_TRY(change_require(change, values_domain(question.domain), "domain"));
        return add_domain(change, question.domain, &anchors);
    }
    for (size_t i = 0; i < sizeof asked_by_the_box / sizeof *asked_by_the_box; i++)
        ERR_TRY(add_domain(change, asked_by_the_box[i], &anchors));
    return ERR_OK;
}

static bool has_anchor(const struct certificates_anchors *anchors,
                       const uint8_t thumbprint[static 32]) {
    uint8_t hash[32];
    bool found = false;
    for (size_t i = 0; i < anchors->count; i++) {
        (void)crypto_hash_sha256(hash, anchors->der[i].data, anchors->der[i].len);
        found |= memcmp(hash, thumbprint, sizeof hash) == 0;
    }
    return found;
}

enum err trust_list_remove(struct change *change) {
    CERTIFICATES_CLEANUP struct certificates_anchors *anchors = NULL;
    struct officer_trust_remove question;
    char subject[OFFICER_DOMAIN_SIZE + 48], hex[2 * 16 + 1];
    ERR_TRY(officer_wire_get_trust_remove(change->payload, &question));
    ERR_TRY(change_require(change, values_domain(question.domain), "domain"));
    ERR_TRY(certificates_load_anchors(change, question.domain, &anchors));
    if (!has_anchor(anchors, question.thumbprint))
        return change_refuse(change, ERR_NOT_FOUND, OFFICER_REASON_ANCHOR_NONE, question.domain);
    if (question.dry_run)
        return ERR_OK;
    (void)sodium_bin2hex(hex, sizeof hex, question.thumbprint, 16);
    (void)snprintf(subject, sizeof subject, "%s %s", question.domain, hex);
    ERR_TRY(change_record(change, subject));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_remove_anchor(&batch, question.domain, question.thumbprint);
    return change_commit(change, &batch);
}
