#include <stdio.h>
#include <string.h>

#include "authd/wire/edge_wire.h"
#include "provisioning/certificates.h"
#include "provisioning/jose_clients.h"
#include "provisioning/values.h"

#define PUBLIC_KEY_BYTES 91 /* SubjectPublicKeyInfo of a key on P-256; the point is its end */

static const char *const purposes[JOSE_CLIENTS_USES] = {"tls", "signature", "encryption"};

/* What an officer brings, read. */
struct brought {
    struct jose_client_key keys[JOSE_CLIENTS_USES];
    uint8_t tls_thumbprint[32];
};

static enum err take_key(struct change *change, enum jose_clients_use purpose,
                         const struct unseal_certificate_read *read, struct brought *brought) {
    struct jose_client_key *key = &brought->keys[purpose];
    if (read->public_key.len != PUBLIC_KEY_BYTES)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, "public-key");
    memcpy(key->point, read->public_key.data + PUBLIC_KEY_BYTES - sizeof key->point,
           sizeof key->point);
    jose_client_kid(key->point, key->kid);
    key->not_before_ms = read->not_before_ms;
    key->not_after_ms = read->not_after_ms;
    if (purpose == JOSE_CLIENTS_TLS)
        memcpy(brought->tls_thumbprint, read->thumbprint, sizeof brought->tls_thumbprint);
    return ERR_OK;
}

static enum err read_key(struct change *change, enum jose_clients_use purpose, struct bytes encoded,
                         struct brought *brought) {
    const struct certificates_question question = {
        .encoded = encoded, .key = CERTIFICATE_KEY_P256, .purpose = purposes[purpose]};
    struct unseal_certificate_read read;
    SECRET(answer);
    ERR_TRY(certificates_read(change, &question, &answer, &read));
    return take_key(change, purpose, &read, brought);
}

static bool same_kid(const struct jose_client_key *left, const struct jose_client_key *right) {
    return memcmp(left->kid, right->kid, sizeof left->kid) == 0;
}

static enum err require_three_keys(struct change *change, const struct brought *brought) {
    char detail[OFFICER_DETAIL_SIZE];
    for (unsigned i = 0; i < JOSE_CLIENTS_USES; i++)
        for (unsigned j = i + 1; j < JOSE_CLIENTS_USES; j++) {
            if (!same_kid(&brought->keys[i], &brought->keys[j]))
                continue;
            (void)snprintf(detail, sizeof detail, "%s/%s", purposes[i], purposes[j]);
            return change_refuse(change, ERR_DENIED, OFFICER_REASON_KEY_TWICE, detail);
        }
    return ERR_OK;
}

/* Which of the keys brought another programme has already, and how many others there are. */
struct comparison {
    const char *id;
    const struct brought *brought;
    size_t others;
    char detail[OFFICER_DETAIL_SIZE]; /* "" when none has */
};

static bool is_tls_key(const struct jose_client_key *key, const struct jose_client *client) {
    static const uint8_t unknown[sizeof client->tls_kid];
    return memcmp(key->kid, client->tls_kid, sizeof key->kid) == 0 &&
           memcmp(key->kid, unknown, sizeof unknown) != 0;
}

static enum err compare(void *context, const struct jose_client *other) {
    struct comparison *comparison = context;
    const struct brought *brought = comparison->brought;
    if (strcmp(other->partner_id, comparison->id) == 0)
        return ERR_OK;
    comparison->others++;
    bool taken =
        memcmp(brought->tls_thumbprint, other->tls_thumbprint, sizeof other->tls_thumbprint) == 0;
    for (unsigned i = 0; i < JOSE_CLIENTS_USES; i++) {
        const struct jose_client_key *key = &brought->keys[i];
        taken = taken || is_tls_key(key, other) || same_kid(key, &other->signature) ||
                same_kid(key, &other->encryption);
        if (!taken)
            continue;
        (void)snprintf(comparison->detail, sizeof comparison->detail, "%s:%s", purposes[i],
                       other->partner_id);
        return ERR_EXISTS;
    }
    return ERR_OK;
}

static enum err require_own_keys(struct change *change, const char *id,
                                 const struct brought *brought) {
    struct comparison comparison = {.id = id, .brought = brought};
    enum err err = registry_each_jose_client(change->provd->registry, compare, &comparison);
    if (err == ERR_EXISTS)
        return change_refuse(change, err, OFFICER_REASON_KEY_TAKEN, comparison.detail);
    ERR_TRY(change_registry(change, err));
    if (comparison.others >= EDGE_CLIENTS_MAX) /* nobody would shake hands with one more */
        return change_refuse(change, ERR_FULL, OFFICER_REASON_CLIENTS_FULL, NULL);
    return ERR_OK;
}

static enum err require_partner(struct change *change, const char *id) {
    struct partner partner;
    ERR_TRY(change_require(change, values_id(id), "id"));
    enum err found = registry_partner(change->provd->registry, id, &partner);
    if (found == ERR_NOT_FOUND)
        return change_refuse(change, found, OFFICER_REASON_UNKNOWN, "partner");
    return change_registry(change, found);
}

enum err jose_clients_put(struct change *change) {
    struct officer_jose question;
    struct brought brought = {0};
    ERR_TRY(officer_wire_get_jose(change->payload, &question));
    ERR_TRY(require_partner(change, question.id));
    ERR_TRY(read_key(change, JOSE_CLIENTS_TLS, question.tls, &brought));
    ERR_TRY(read_key(change, JOSE_CLIENTS_SIGNATURE, question.signature, &brought));
    ERR_TRY(read_key(change, JOSE_CLIENTS_ENCRYPTION, question.encryption, &brought));
    ERR_TRY(require_three_keys(change, &brought));
    ERR_TRY(require_own_keys(change, question.id, &brought));

    struct jose_client client = {.tls_not_before_ms = brought.keys[JOSE_CLIENTS_TLS].not_before_ms,
                                 .tls_not_after_ms = brought.keys[JOSE_CLIENTS_TLS].not_after_ms,
                                 .signature = brought.keys[JOSE_CLIENTS_SIGNATURE],
                                 .encryption = brought.keys[JOSE_CLIENTS_ENCRYPTION]};
    memcpy(client.partner_id, question.id, sizeof client.partner_id);
    memcpy(client.tls_thumbprint, brought.tls_thumbprint, sizeof client.tls_thumbprint);
    memcpy(client.tls_kid, brought.keys[JOSE_CLIENTS_TLS].kid, sizeof client.tls_kid);
    ERR_TRY(change_record(change, client.partner_id));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_put_jose_client(&batch, &client);
    return change_commit(change, &batch);
}

enum err jose_clients_renew(struct change *change, enum jose_clients_use use,
                            const struct unseal_certificate_read *read,
                            struct jose_client *client) {
    struct brought brought = {0};
    brought.keys[JOSE_CLIENTS_SIGNATURE] = client->signature;
    brought.keys[JOSE_CLIENTS_ENCRYPTION] = client->encryption;
    memcpy(brought.tls_thumbprint, client->tls_thumbprint, sizeof brought.tls_thumbprint);
    memcpy(brought.keys[JOSE_CLIENTS_TLS].kid, client->tls_kid, sizeof client->tls_kid);
    ERR_TRY(take_key(change, use, read, &brought));
    ERR_TRY(require_three_keys(change, &brought));
    ERR_TRY(require_own_keys(change, client->partner_id, &brought));
    client->signature = brought.keys[JOSE_CLIENTS_SIGNATURE];
    client->encryption = brought.keys[JOSE_CLIENTS_ENCRYPTION];
    if (use != JOSE_CLIENTS_TLS)
        return ERR_OK;
    memcpy(client->tls_thumbprint, brought.tls_thumbprint, sizeof client->tls_thumbprint);
    memcpy(client->tls_kid, brought.keys[JOSE_CLIENTS_TLS].kid, sizeof client->tls_kid);
    client->tls_not_before_ms = brought.keys[JOSE_CLIENTS_TLS].not_before_ms;
    client->tls_not_after_ms = brought.keys[JOSE_CLIENTS_TLS].not_after_ms;
    return ERR_OK;
}

static enum err find(struct change *change, const char *id, struct jose_client *client) {
    enum err found = registry_jose_client(change->provd->registry, id, client);
    if (found == ERR_NOT_FOUND)
        return change_refuse(change, found, OFFICER_REASON_UNKNOWN, "JOSE-identity");
    return found == ERR_OK ? ERR_OK : change_registry(change, found);
}

enum err jose_clients_remove(struct change *change) {
    struct officer_jose_named question;
    struct jose_client client;
    ERR_TRY(officer_wire_get_jose_named(change->payload, &question));
    ERR_TRY(change_require(change, values_id(question.id), "id"));
    enum err found = find(change, question.id, &client);
    if (found != ERR_CORRUPT) /* a damaged row may go */
        ERR_TRY(found);
    change->outcome = (struct officer_outcome){0};
    ERR_TRY(change_record(change, question.id));
    struct registry_batch batch = registry_begin(change->provd->registry);
    registry_remove_jose_client(&batch, question.id);
    return change_commit(change, &batch);
}

enum err jose_clients_show(struct change *change) {
    struct officer_jose_named question;
    ERR_TRY(officer_wire_get_jose_named(change->payload, &question));
    ERR_TRY(change_require(change, values_id(question.id), "id"));
    return find(change, question.id, &change->shown.client);
}
