#include "firmware/base/log.h"
#include "authd/store/registry_wrapping.h"
#include "provisioning/hotlist.h"
#include "provisioning/issue.h"
#include "provisioning/jose_clients.h"
#include "provisioning/key_life.h"
#include "provisioning/keys.h"
#include "provisioning/officer_wire_keys.h"
#include "provisioning/officer_wire_tls.h"
#include "provisioning/officer_wire_trust.h"
#include "provisioning/officer_wire_usage.h"
#include "provisioning/operation.h"
#include "provisioning/people.h"
#include "provisioning/pepper_roll.h"
#include "provisioning/programmes.h"
#include "provisioning/root_roll.h"
#include "provisioning/tls.h"
#include "provisioning/trust_list.h"
#include "provisioning/usage.h"

/*
 * A box that has just been given its keys is unprovisioned until core has said otherwise, so that
 * state alone does not refuse what needs keys: an open root decides.
 */
#define NEW_BOX BOX_STATE_BIT(BOX_UNPROVISIONED)

/* A provd that was started again has opened no root yet: an officer who looks sees them open. */
static void try_roots(struct change *change, const struct provd_peers_standing *standing) {
    bool is_serving = (BOX_STATE_BIT(change->provd->state) & PROVD_SERVING) != 0;
    if (is_serving && standing->signers_up > 0 && keys_open_roots(change) != ERR_OK)
        change->outcome = (struct officer_outcome){0}; /* the log has why */
}

static enum err status(struct change *change) {
    struct provd *provd = change->provd;
    struct officer_box *box = &change->box;
    struct provd_peers_standing standing = provd_peers_standing(provd->peers);
    if (change->payload.len != 0)
        return ERR_MALFORMED;
    *box = (struct officer_box){.state = provd->state,
                                .core_up = standing.core_up,
                                .unseal_up = standing.unseal_up,
                                .signers = standing.signers,
                                .signers_up = standing.signers_up};
    try_roots(change, &standing);
    enum err none = record_keys_newest(provd->record_keys, &box->record_generation);
    if (none != ERR_OK)
        box->record_generation = 0;
    ERR_TRY(change_registry(change, registry_sequence(provd->registry, &box->registry_sequence)));
    KV_TXN_CLEANUP struct kv_txn txn = kv_read(registry_kv(provd->registry));
    box->people = kv_count(&txn, REGISTRY_IDENTITIES);
    box->vids = kv_count(&txn, REGISTRY_ALIASES);
    box->partners = kv_count(&txn, REGISTRY_PARTNERS);
    box->policies = kv_count(&txn, REGISTRY_POLICIES);
    box->api_keys = kv_count(&txn, REGISTRY_API_KEYS);
    box->misps = kv_count(&txn, REGISTRY_MISPS);
    box->anchors = kv_count(&txn, REGISTRY_TRUST);
    box->salts = kv_count(&txn, REGISTRY_SALTS);
    box->jose_clients = kv_count(&txn, REGISTRY_JOSE_CLIENTS);
    box->enrolled = kv_count(&txn, REGISTRY_BIOMETRICS);
    ERR_TRY(change_registry(change, txn.err));
    kv_abort(&txn);
    ERR_TRY(change_registry(change, root_roll_show(provd, &box->roll)));
    ERR_TRY(change_registry(change, registry_wrapping_get(provd->registry, &box->kek_generation)));
    return change_registry(change, pepper_roll_show(provd, box));
}

static void answer_outcome(struct change *change, struct buffer *answer) {
    officer_wire_put_outcome(answer, &change->outcome);
}

static void answer_publication(struct change *change, struct buffer *answer) {
    change->publication.outcome = change->outcome;
    officer_wire_put_publication(answer, &change->publication);
}

static void answer_keys(struct change *change, struct buffer *answer) {
    static struct officer_keys none; /* refused before there were any */
    struct officer_keys *keys = change->keys != NULL ? change->keys : &none;
    keys->outcome = change->outcome;
    officer_wire_put_keys(answer, keys);
}

static void answer_usage(struct change *change, struct buffer *answer) {
    static struct officer_usage none; /* refused before there was any */
    struct officer_usage *usage = change->usage != NULL ? change->usage : &none;
    usage->outcome = change->outcome;
    officer_wire_usage_put(answer, usage);
}

static void answer_box(struct change *change, struct buffer *answer) {
    change->box.outcome = change->outcome;
    officer_wire_put_box(answer, &change->box);
}

static void answer_shown(struct change *change, struct buffer *answer) {
    change->shown.outcome = change->outcome;
    officer_wire_put_jose_shown(answer, &change->shown);
}

static void answer_tls_requested(struct change *change, struct buffer *answer) {
    static struct officer_tls_requested none; /* refused before there was any */
    struct officer_tls_requested *requested =
        change->tls_requested != NULL ? change->tls_requested : &none;
    requested->outcome = change->outcome;
    officer_wire_put_tls_requested(answer, requested);
}

static void answer_tls_installed(struct change *change, struct buffer *answer) {
    static struct officer_tls_installed none; /* likewise */
    struct officer_tls_installed *installed =
        change->tls_installed != NULL ? change->tls_installed : &none;
    installed->outcome = change->outcome;
    officer_wire_put_tls_installed(answer, installed);
}

static void answer_tls_shown(struct change *change, struct buffer *answer) {
    static struct officer_tls_shown none; /* likewise */
    struct officer_tls_shown *shown = change->tls_shown != NULL ? change->tls_shown : &none;
    shown->outcome = change->outcome;
    officer_wire_put_tls_shown(answer, shown);
}

static void answer_anchors(struct change *change, struct buffer *answer) {
    static struct officer_anchors none; /* refused before there were any */
    struct officer_anchors *anchors = change->anchors != NULL ? change->anchors : &none;
    anchors->outcome = change->outcome;
    officer_wire_put_anchors(answer, anchors);
}

static void answer_issued(struct change *change, struct buffer *answer) {
    change->issued.outcome = change->outcome;
    officer_wire_put_issued(answer, &change->issued);
}

struct operation {
    uint16_t type;
    const char *action;
    uint32_t states;
    bool needs_roots;
    enum err (*run)(struct change *change);
    void (*answer)(struct change *change, struct buffer *answer);
};

static const struct operation operations[] = {
    {OFFICER_STATUS, "status", SERVE_ANY_STATE, false, status, answer_box},
    {OFFICER_KEY_LIST, "key show", NEW_BOX | PROVD_SERVING, false, keys_list, answer_publication},
    {OFFICER_KEY_LIFE, "key list", NEW_BOX | PROVD_SERVING, false, key_life_list, answer_keys},
    {OFFICER_KEY_ORDER, "key order", NEW_BOX | PROVD_SERVING, false, key_life_order,
     answer_outcome},
    {OFFICER_KEY_USAGE, "key usage", PROVD_SERVING, false, usage_show, answer_usage},
    {OFFICER_ROOT, "root", PROVD_SERVING, true, root_roll_order, answer_outcome},
    {OFFICER_KEY_INITIALISE, "key initialise", NEW_BOX | PROVD_SERVING, false, keys_initialise,
     answer_outcome},
    {OFFICER_TLS_REQUEST, "tls request", PROVD_SERVING, false, tls_request, answer_tls_requested},
    {OFFICER_TLS_INSTALL, "tls install", PROVD_SERVING, false, tls_install, answer_tls_installed},
    {OFFICER_TLS_REMOVE, "tls remove", PROVD_SERVING, false, tls_remove, answer_outcome},
    {OFFICER_TLS_SHOW, "tls show", PROVD_SERVING, false, tls_show, answer_tls_shown},
    {OFFICER_TRUST_ADD, "trust add", NEW_BOX | PROVD_SERVING, true, programmes_trust_add,
     answer_outcome},
    {OFFICER_TRUST_LIST, "trust list", NEW_BOX | PROVD_SERVING, true, trust_list_show,
     answer_anchors},
    {OFFICER_TRUST_REMOVE, "trust remove", NEW_BOX | PROVD_SERVING, true, trust_list_remove,
     answer_outcome},
    {OFFICER_PARTNER_ADD, "partner add", NEW_BOX | PROVD_SERVING, true, programmes_partner_add,
     answer_outcome},
    {OFFICER_PARTNER_STATUS, "partner status", NEW_BOX | PROVD_SERVING, true,
     programmes_partner_status, answer_outcome},
    {OFFICER_PARTNER_JOSE, "partner jose", NEW_BOX | PROVD_SERVING, true, jose_clients_put,
     answer_outcome},
    {OFFICER_PARTNER_JOSE_REMOVE, "partner jose-remove", NEW_BOX | PROVD_SERVING, true,
     jose_clients_remove, answer_outcome},
    {OFFICER_PARTNER_JOSE_SHOW, "partner jose-show", NEW_BOX | PROVD_SERVING, true,
     jose_clients_show, answer_shown},
    {OFFICER_CERTIFICATE, "certificate issue", NEW_BOX | PROVD_SERVING, true, issue_certificate,
     answer_issued},
    {OFFICER_POLICY_ADD, "policy add", NEW_BOX | PROVD_SERVING, true, programmes_policy_add,
     answer_outcome},
    {OFFICER_API_KEY_ADD, "api-key add", NEW_BOX | PROVD_SERVING, true, programmes_api_key_add,
     answer_outcome},
    {OFFICER_MISP_ADD, "misp add", NEW_BOX | PROVD_SERVING, true, programmes_misp_add,
     answer_outcome},
    {OFFICER_PEOPLE_PUT, "people import", NEW_BOX | PROVD_SERVING, true, people_put,
     answer_outcome},
    {OFFICER_HOTLIST, "hotlist", NEW_BOX | PROVD_SERVING, true, hotlist_put, answer_outcome},
    {OFFICER_HOTLIST_VID, "hotlist", NEW_BOX | PROVD_SERVING, true, hotlist_put_vid,
     answer_outcome},
};

static const struct operation *find(uint16_t type) {
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (operations[i].type == type)
            return &operations[i];
    return NULL;
}

static enum err perform(const struct operation *operation, struct change *change) {
    enum box_state state = change->provd->state;
    if ((operation->states & BOX_STATE_BIT(state)) == 0)
        return change_refuse(change, ERR_DENIED, OFFICER_REASON_STATE, box_state_text(state));
    if (operation->needs_roots)
        ERR_TRY(keys_open_roots(change));
    return operation->run(change);
}

static void free_published(struct change *change) {
    secret_free(&change->published);
}

enum err operation_run(struct provd *provd, const struct officers_question *question,
                       struct buffer *answer) {
    const struct operation *operation = find(question->type);
    if (operation == NULL)
        return ERR_DENIED;
    __attribute__((cleanup(free_published))) struct change change = {
        .provd = provd,
        .action = operation->action,
        .officer_uid = question->uid,
        .payload = question->payload,
    };
    enum err err = perform(operation, &change);
    if (err != ERR_OK && change.outcome.status == ERR_OK)
        return err;
    char detail[OFFICER_DETAIL_SIZE];
    log_event(err == ERR_OK ? LOG_INFO : LOG_WARNING, "officer-question",
              "action=\"%s\" uid=%u result=%s reason=%s detail=%s count=%u", operation->action,
              question->uid, err_text(err), officer_wire_reason_text(change.outcome.reason),
              log_safe(change.outcome.detail, detail, sizeof detail), change.outcome.count);
    operation->answer(&change, answer);
    return ERR_OK;
}
