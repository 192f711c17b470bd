#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/unit/provd_box.h"

#include "firmware/base/clock.h"
#include "authd/core/identifier.h"
#include "hsm/wire_certify.h"
#include "hsm/wire_tls_install.h"
#include "authd/store/key_usage_wire.h"
#include "provisioning/operation.h"
#include "tests/unit/provd_parser.h"

#define KEK_AT (HSM_ROOT_WRAPPED_BYTES / 2)
enum { CORE, UNSEAL, SIGNER_0, SIGNER_1, PLUGIN, FAR_ENDS };
static const struct {
    const char *role;
    uint16_t index;
} far_ends[FAR_ENDS] = {{"core", 0}, {"unseal", 3}, {"hsm", 0}, {"hsm", 1}, {"plugin", 2}};

static enum err reply(struct serve_peer *peer, const struct frame *question,
                      const struct buffer *answer) {
    struct frame frame = {
        .type = question->type + 1, .generation = question->generation, .id = question->id};
    ERR_TRY(buffer_end(answer, &frame.payload));
    return serve_send(peer, &frame);
}

/* ---- core ---- */

static enum err core_audit(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[16];
    struct buffer answer = buffer_over(memory, sizeof memory);
    assert_true(box->audit_count < BOX_AUDITS_MAX);
    ERR_TRY(provd_wire_get_audit(frame->payload, &box->audits[box->audit_count]));
    box->audit_count++;
    ERR_TRY(registry_sequence(box->provd.registry, &box->sequence_at_audit));
    if (box->core_silent) {
        provd_peers_down(box->provd.peers, "core", 0);
        return ERR_OK;
    }
    provd_wire_put_audited(&answer, box->core_status);
    return reply(peer, frame, &answer);
}

static enum err core_changed(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    (void)peer;
    box->changed_count++;
    return provd_wire_get_changed(frame->payload, &box->changed_sequence);
}

static enum err core_usage(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    static uint8_t memory[65536];
    struct buffer answer = buffer_over(memory, sizeof memory);
    ERR_TRY(key_usage_wire_get_question(frame->payload, &box->usage_asked));
    key_usage_wire_put_report(&answer, box->usage_status, &box->usage);
    return reply(peer, frame, &answer);
}

static enum err core_root(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[16];
    struct buffer answer = buffer_over(memory, sizeof memory);
    uint16_t generation;
    ERR_TRY(provd_wire_get_root(frame->payload, &generation));
    box->roots_asked++;
    provd_wire_put_root_is(&answer, generation <= box->core_opens);
    return reply(peer, frame, &answer);
}

/* ---- unseal ---- */

static enum err unseal_certificate(void *context, struct serve_peer *peer,
                                   const struct frame *frame) {
    struct provd_box *box = context;
    static uint8_t memory[65536];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct unseal_certificate question;
    struct unseal_certificate_read read = {.status = box->certificate_status,
                                           .is_authority = box->certificate_is_authority,
                                           .not_before_ms = 1,
                                           .not_after_ms = INT64_C(4102444800000),
                                           .subject = "AMO"};
    ERR_TRY(unseal_wire_get_certificate(frame->payload, &question));
    box->anchors_given = question.anchor_count;
    if (read.status == ERR_OK) {
        read.der = question.encoded;
        read.public_key = bytes_of_text("public key");
        (void)crypto_generichash(read.thumbprint, 32, question.encoded.data, question.encoded.len,
                                 NULL, 0);
        if (question.key == CERTIFICATE_KEY_P256)
            provd_parser_elliptic(question.encoded, &read);
    }
    unseal_wire_put_certificate_read(&answer, &read);
    return reply(peer, frame, &answer);
}

static enum err unseal_enrolment(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    static uint8_t memory[65536];
    static struct enrolment enrolment;
    struct provd_box *box = context;
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct enrolment_question question;
    ERR_TRY(sample_wire_get_enrolment_question(frame->payload, &question));
    box->records_read++;
    provd_parser_enrolment(&question, &enrolment);
    sample_wire_put_enrolment(&answer, &enrolment);
    return reply(peer, frame, &answer);
}

/* ---- a plug-in ---- */

static enum err plugin_hello(struct provd_box *box) {
    uint8_t memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    const struct plugin_hello hello = {.name = "acme-3.1",
                                       .modalities = {true, box->plugin_compares_irises, false}};
    struct frame frame = {.type = PLUGIN_HELLO};
    plugin_wire_put_hello(&buffer, &hello);
    ERR_TRY(buffer_end(&buffer, &frame.payload));
    return serve_send(box->far[PLUGIN], &frame);
}

static enum err plugin_extract(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[256];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct plugin_extract question;
    ERR_TRY(plugin_wire_get_extract(frame->payload, &question));
    box->images_seen++;
    if (box->plugin_deaf) {
        provd_peers_down(box->provd.peers, "plugin", far_ends[PLUGIN].index);
        return ERR_OK;
    }
    struct plugin_extracted extracted = {.status = box->plugin_status};
    if (extracted.status == ERR_OK) {
        extracted.quality = 60;
        extracted.template = bytes_of_text("what acme makes of it");
    }
    plugin_wire_put_extracted(&answer, &extracted);
    return reply(peer, frame, &answer);
}

/* ---- signers ---- */

static unsigned signer_of(const struct provd_box *box, const struct serve_peer *peer) {
    return peer == box->far[SIGNER_1] ? 1 : 0;
}

static struct hsm_receipt receipt(const struct provd_box *box, enum err status) {
    return (struct hsm_receipt){.status = box->keys_made ? status : ERR_NOT_FOUND};
}

static enum err signer_hello(struct provd_box *box, struct serve_peer *peer) {
    uint8_t memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct hsm_hello hello = {.signer_index = (uint16_t)signer_of(box, peer),
                              .keyring_sequence = 1u + box->kek.active + box->pepper.active,
                              .provisioned = box->keys_made && !box->lacks_active,
                              .complete = box->keys_made};
    struct frame frame = {.type = HSM_HELLO};
    hsm_wire_put_hello(&buffer, &hello);
    ERR_TRY(buffer_end(&buffer, &frame.payload));
    return serve_send(peer, &frame);
}

/* As the real one: it answers, ends, and both are started with the keys. */
static enum err signer_generate(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[64];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct hsm_generated generated = {
        .receipt.status = box->keys_made ? ERR_EXISTS : ERR_OK,
        .made = box->keys_made ? 0 : HSM_PURPOSE_COUNT,
    };
    assert_int_equal(signer_of(box, peer), 0);
    box->keys_made = true;
    hsm_wire_put_generated(&answer, &generated);
    ERR_TRY(reply(peer, frame, &answer));
    ERR_TRY(signer_hello(box, box->far[SIGNER_0]));
    return signer_hello(box, box->far[SIGNER_1]);
}

/* A root is the hash of its first half, whatever KEK has wrapped it; a word says which. */
static void wrap(uint8_t (*wrapped)[HSM_ROOT_WRAPPED_BYTES], uint16_t kek_generation) {
    randombytes_buf(*wrapped, sizeof *wrapped);
    (*wrapped)[KEK_AT] = (uint8_t)(kek_generation >> 8);
    (*wrapped)[KEK_AT + 1] = (uint8_t)kek_generation;
}

static uint16_t kek_of(const uint8_t *wrapped) {
    return (uint16_t)(wrapped[KEK_AT] << 8 | wrapped[KEK_AT + 1]);
}

static enum err signer_new_root(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[512];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct hsm_root_made made = {.receipt = receipt(box, ERR_OK)};
    wrap(&made.wrapped, box->kek_of_roots_made > 0 ? box->kek_of_roots_made : box->kek.active);
    box->roots_made++;
    hsm_wire_put_root_made(&answer, &made);
    return reply(peer, frame, &answer);
}

static enum err signer_open_root(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[512];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct hsm_open_root question;
    struct hsm_root_opened opened = {.receipt = receipt(box, box->open_status)};
    ERR_TRY(hsm_wire_get_open_root(frame->payload, &question));
    if (opened.receipt.status == ERR_OK && kek_of(question.wrapped) < box->kek.oldest)
        opened.receipt.status = ERR_CRYPTO;
    if (opened.receipt.status == ERR_OK)
        (void)crypto_generichash(opened.root, sizeof opened.root, question.wrapped, KEK_AT, NULL,
                                 0);
    hsm_wire_put_root_opened(&answer, &opened);
    return reply(peer, frame, &answer);
}

static enum err signer_rewrap(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[512];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct hsm_rewrap_root question;
    struct hsm_root_rewrapped rewrapped = {.receipt = receipt(box, box->rewrap_status),
                                           .kek_generation = box->kek.active};
    assert_int_equal(signer_of(box, peer), 0);
    ERR_TRY(hsm_wire_get_rewrap_root(frame->payload, &question));
    box->rewraps++;
    if (kek_of(question.wrapped) < box->kek.oldest)
        rewrapped.receipt.status = ERR_CRYPTO;
    wrap(&rewrapped.wrapped, box->kek.active);
    if (!box->rewrap_spoils)
        memcpy(rewrapped.wrapped, question.wrapped, KEK_AT);
    if (box->kek_rolls_after > 0 && --box->kek_rolls_after == 0)
        box->kek.active++;
    hsm_wire_put_root_rewrapped(&answer, &rewrapped);
    return reply(peer, frame, &answer);
}

static enum err signer_standing(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[64];
    struct buffer answer = buffer_over(memory, sizeof memory);
    const struct hsm_standing standing = {
        .receipt = receipt(box, ERR_OK), .kek = box->kek, .pepper = box->pepper};
    assert_int_equal(signer_of(box, peer), 0);
    box->standings++;
    hsm_wire_put_standing(&answer, &standing);
    return reply(peer, frame, &answer);
}

/* What was told lets the older ones go, at once. */
static enum err take_need(uint16_t from, uint16_t *told, struct hsm_generations *key) {
    if (from == 0)
        return ERR_OK;
    if (from < *told || from > key->active)
        return ERR_DENIED;
    *told = key->oldest = from;
    return ERR_OK;
}

static enum err signer_need(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[64];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct hsm_need question;
    ERR_TRY(hsm_wire_get_need(frame->payload, &question));
    box->needs++;
    enum err status = take_need(question.kek_from, &box->need.kek_from, &box->kek);
    if (status == ERR_OK)
        status = take_need(question.pepper_from, &box->need.pepper_from, &box->pepper);
    const struct hsm_needed needed = {.receipt = receipt(box, status)};
    hsm_wire_put_needed(&answer, &needed);
    return reply(peer, frame, &answer);
}

void provd_box_lookup_key(const uint8_t id_hash[static 32], uint16_t generation,
                          uint8_t key[static 32]) {
    uint8_t pepper[] = "a pepper of sixteen";
    pepper[0] = (uint8_t)(pepper[0] + generation - 1);
    (void)crypto_generichash(key, 32, id_hash, 32, pepper, 16);
}

static struct hsm_lookup_keys look_up(const struct provd_box *box, const uint8_t *id_hash,
                                      bool behind) {
    struct hsm_lookup_keys keys = {0};
    for (uint16_t generation = box->pepper.active; generation >= box->pepper.oldest; generation--) {
        if (behind && generation > box->pepper.oldest)
            continue;
        keys.of[keys.count].generation = generation;
        bool is_another = generation == box->pepper_made_anew;
        provd_box_lookup_key(id_hash, is_another ? generation + 100 : generation,
                             keys.of[keys.count].key);
        keys.count++;
    }
    return keys;
}

static enum err signer_lookup(void *context, struct serve_peer *peer, const struct frame *frame) {
    static uint8_t memory[65536];
    static struct hsm_lookup question;
    static struct hsm_looked_up looked_up;
    struct provd_box *box = context;
    unsigned signer = signer_of(box, peer);
    struct buffer answer = buffer_over(memory, sizeof memory);
    ERR_TRY(hsm_wire_get_lookup(frame->payload, &question));
    box->lookups[signer]++;
    if (box->deaf_signer == (int)signer) {
        provd_peers_down(box->provd.peers, "hsm", (uint16_t)signer);
        return ERR_OK;
    }
    bool limited = box->limited_answers > 0, behind = !limited && box->behind_answers > 0;
    box->limited_answers -= limited;
    box->behind_answers -= behind;
    looked_up.receipt = receipt(box, limited ? ERR_LIMIT : ERR_OK);
    looked_up.count = looked_up.receipt.status == ERR_OK ? question.count : 0;
    for (size_t i = 0; i < looked_up.count; i++)
        looked_up.lookup[i] = look_up(box, question.id_hash[i], behind);
    hsm_wire_put_looked_up(&answer, &looked_up);
    return reply(peer, frame, &answer);
}

static enum err signer_published(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[1024];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct hsm_publication publication = {.receipt = receipt(box, ERR_OK),
                                          .jwks = bytes_of_text("{\"keys\":[]}"),
                                          .partner_pem = bytes_of_text("partner"),
                                          .ida_fir_pem = bytes_of_text("fir"),
                                          .sign_pem = bytes_of_text("sign"),
                                          .root_pem = bytes_of_text("root")};
    hsm_wire_put_publication(&answer, &publication);
    return reply(peer, frame, &answer);
}

static enum err signer_order(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct provd_box *box = context;
    uint8_t memory[64];
    struct buffer answer = buffer_over(memory, sizeof memory);
    const struct hsm_key_ordered ordered = {.receipt = receipt(box, box->order_status),
                                            .state = KEYSTATE_RETIRING,
                                            .needed = box->order_needed};
    ERR_TRY(hsm_wire_get_key_order(frame->payload, &box->order));
    box->order_count++;
    hsm_wire_put_key_ordered(&answer, &ordered);
    return reply(peer, frame, &answer);
}

static enum err answer_more(void *context, struct serve_peer *peer, const struct frame *frame) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct provd_box *box = context;
    struct buffer answer = buffer_over(memory, sizeof memory);
    if (box->more == NULL)
        return ERR_DENIED;
    ERR_TRY(box->more(box, frame, &answer));
    return reply(peer, frame, &answer);
}

static const struct serve_verb verbs[] = {
    {UNSEAL_PKCS10, SERVE_ANY_STATE, answer_more},
    {HSM_CERTIFY, SERVE_ANY_STATE, answer_more},
    {UNSEAL_TLS_CHAIN, SERVE_ANY_STATE, answer_more},
    {HSM_TLS_SHOW, SERVE_ANY_STATE, answer_more},
    {HSM_TLS_REQUEST, SERVE_ANY_STATE, answer_more},
    {HSM_TLS_INSTALL, SERVE_ANY_STATE, answer_more},
    {HSM_TLS_REMOVE, SERVE_ANY_STATE, answer_more},
    {HSM_KEYS, SERVE_ANY_STATE, answer_more},
    {PROVD_KEY_USAGE, SERVE_ANY_STATE, core_usage},
    {HSM_KEY_ORDER, SERVE_ANY_STATE, signer_order},
    {PROVD_AUDIT, SERVE_ANY_STATE, core_audit},
    {PROVD_CHANGED, SERVE_ANY_STATE, core_changed},
    {PROVD_ROOT, SERVE_ANY_STATE, core_root},
    {UNSEAL_CERTIFICATE, SERVE_ANY_STATE, unseal_certificate},
    {UNSEAL_ENROLMENT, SERVE_ANY_STATE, unseal_enrolment},
    {PLUGIN_EXTRACT, SERVE_ANY_STATE, plugin_extract},
    {HSM_GENERATE, SERVE_ANY_STATE, signer_generate},
    {HSM_NEW_ROOT, SERVE_ANY_STATE, signer_new_root},
    {HSM_OPEN_ROOT, SERVE_ANY_STATE, signer_open_root},
    {HSM_LOOKUP, SERVE_ANY_STATE, signer_lookup},
    {HSM_PUBLISHED, SERVE_ANY_STATE, signer_published},
    {HSM_STANDING, SERVE_ANY_STATE, signer_standing},
    {HSM_REWRAP_ROOT, SERVE_ANY_STATE, signer_rewrap},
    {HSM_NEED, SERVE_ANY_STATE, signer_need},
};

/* ---- the box ---- */

static void connect_all(struct provd_box *box) {
    static struct boot boot;
    size_t far_count = box->has_plugin ? FAR_ENDS : PLUGIN;
    memset(&boot, 0, sizeof boot);
    for (size_t i = 0; i < far_count; i++) {
        struct serve_peer_options options = {.name = "far",
                                             .verbs = verbs,
                                             .verb_count = sizeof verbs / sizeof *verbs,
                                             .context = box};
        struct boot_peer *peer = &boot.peers[boot.peer_count++];
        assert_int_equal(frame_pair(box->ends[i], 512 * 1024), ERR_OK);
        (void)snprintf(peer->role, sizeof peer->role, "%s", far_ends[i].role);
        peer->index = far_ends[i].index;
        peer->fd = box->ends[i][0];
        assert_int_equal(serve_add_peer(box->serve, box->ends[i][1], &options, &box->far[i]),
                         ERR_OK);
    }
    assert_int_equal(provd_peers_open(&box->provd.peers, &boot, box->serve), ERR_OK);
    for (size_t i = 0; i < far_count; i++)
        provd_peers_up(box->provd.peers, far_ends[i].role, far_ends[i].index);
    assert_int_equal(signer_hello(box, box->far[SIGNER_0]), ERR_OK);
    assert_int_equal(signer_hello(box, box->far[SIGNER_1]), ERR_OK);
    if (box->has_plugin)
        assert_int_equal(plugin_hello(box), ERR_OK);
    assert_int_equal(provd_peers_wait(box->provd.peers, 1), ERR_OK);
}

void provd_box_start(struct provd_box *box) {
    box->provd = (struct provd){.state = BOX_UNPROVISIONED,
                                .uin_rules = IDENTIFIER_CHECKSUM | IDENTIFIER_FIRST_DIGIT,
                                .vid_rules = IDENTIFIER_CHECKSUM,
                                .token_partner = "mpartner-default-resident"};
    assert_int_equal(record_keys_new(&box->provd.record_keys), ERR_OK);
    assert_int_equal(
        registry_open(&box->provd.registry, box->directory, true, box->provd.record_keys), ERR_OK);
    assert_int_equal(serve_open(&box->serve, NULL), ERR_OK);
    connect_all(box);
}

void provd_box_stop(struct provd_box *box) {
    provd_peers_close(box->provd.peers);
    serve_close(box->serve);
    for (size_t i = 0; i < FAR_ENDS; i++) {
        (void)close(box->ends[i][0]);
        (void)close(box->ends[i][1]);
        box->ends[i][0] = box->ends[i][1] = -1;
    }
    registry_close(box->provd.registry);
    record_keys_free(box->provd.record_keys);
}

int provd_box_setup(void **state) {
    static bool arena;
    struct provd_box *box = calloc(1, sizeof *box);
    assert_non_null(box);
    if (!arena)
        assert_int_equal(secret_arena_open(4 * 1024 * 1024), ERR_OK);
    arena = true;
    box->deaf_signer = -1;
    box->kek = box->pepper = (struct hsm_generations){.active = 1, .oldest = 1};
    box->ends[PLUGIN][0] = box->ends[PLUGIN][1] = -1;
    (void)snprintf(box->directory, sizeof box->directory, "/tmp/provd-test-XXXXXX");
    assert_non_null(mkdtemp(box->directory));
    provd_box_start(box);
    *state = box;
    return 0;
}

int provd_box_teardown(void **state) {
    struct provd_box *box = *state;
    char path[128];
    provd_box_stop(box);
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", box->directory, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(box->directory);
    free(box);
    return 0;
}

void provd_box_roll_key(struct provd_box *box, struct hsm_generations *key) {
    key->active++;
    assert_int_equal(signer_hello(box, box->far[SIGNER_0]), ERR_OK);
    assert_int_equal(provd_peers_wait(box->provd.peers, 1), ERR_OK);
}

void provd_box_lack_key(struct provd_box *box) {
    box->lacks_active = true;
    assert_int_equal(signer_hello(box, box->far[SIGNER_0]), ERR_OK);
    assert_int_equal(signer_hello(box, box->far[SIGNER_1]), ERR_OK);
    assert_int_equal(provd_peers_wait(box->provd.peers, 1), ERR_OK);
}

struct officer_box provd_box_status(struct provd_box *box) {
    static uint8_t memory[4096];
    struct buffer answer = buffer_over(memory, sizeof memory);
    const struct officers_question question = {.type = OFFICER_STATUS, .uid = 4242};
    struct officer_box status;
    struct bytes written;
    assert_int_equal(operation_run(&box->provd, &question, &answer), ERR_OK);
    assert_int_equal(buffer_end(&answer, &written), ERR_OK);
    assert_int_equal(officer_wire_get_box(written, &status), ERR_OK);
    provd_box_assert_done(status.outcome);
    return status;
}

enum err provd_box_ask(struct provd_box *box, uint16_t type, struct bytes payload,
                       struct officer_outcome *outcome) {
    static uint8_t memory[FRAME_PAYLOAD_MAX];
    struct buffer answer = buffer_over(memory, sizeof memory);
    struct officers_question question = {.type = type, .uid = 4242, .payload = payload};
    struct officer_publication publication;
    struct officer_box status;
    struct officer_jose_shown shown;
    struct bytes written;
    *outcome = (struct officer_outcome){.status = ERR_UNAVAILABLE};
    ERR_TRY(operation_run(&box->provd, &question, &answer));
    assert_int_equal(buffer_end(&answer, &written), ERR_OK);
    assert_int_equal(provd_peers_wait(box->provd.peers, 1), ERR_OK); /* CHANGED arrives */
    if (type == OFFICER_KEY_LIST) {
        assert_int_equal(officer_wire_get_publication(written, &publication), ERR_OK);
        *outcome = publication.outcome;
    } else if (type == OFFICER_STATUS) {
        assert_int_equal(officer_wire_get_box(written, &status), ERR_OK);
        *outcome = status.outcome;
    } else if (type == OFFICER_TRUST_LIST) {
        assert_int_equal(officer_wire_get_anchors(written, &box->anchors), ERR_OK);
        *outcome = box->anchors.outcome;
    } else if (type == OFFICER_KEY_LIFE) {
        assert_int_equal(officer_wire_get_keys(written, &box->keys), ERR_OK);
        *outcome = box->keys.outcome;
    } else if (type == OFFICER_CERTIFICATE) {
        assert_int_equal(officer_wire_get_issued(written, &box->issued), ERR_OK);
        *outcome = box->issued.outcome;
    } else if (type == OFFICER_PARTNER_JOSE_SHOW) {
        assert_int_equal(officer_wire_get_jose_shown(written, &shown), ERR_OK);
        *outcome = shown.outcome;
    } else {
        assert_int_equal(officer_wire_get_outcome(written, outcome), ERR_OK);
    }
    return ERR_OK;
}

struct officer_outcome provd_box_change(struct provd_box *box, uint16_t type,
                                        const struct buffer *payload) {
    struct officer_outcome outcome;
    struct bytes written;
    assert_int_equal(buffer_end(payload, &written), ERR_OK);
    assert_int_equal(provd_box_ask(box, type, written, &outcome), ERR_OK);
    return outcome;
}

void provd_box_initialise(struct provd_box *box) {
    struct officer_outcome outcome;
    assert_int_equal(provd_box_ask(box, OFFICER_KEY_INITIALISE, bytes_of(NULL, 0), &outcome),
                     ERR_OK);
    provd_box_assert_done(outcome);
}

void provd_box_assert_done(struct officer_outcome outcome) {
    if (outcome.status != ERR_OK)
        print_error("status=%s reason=%d detail=%s\n", err_text(outcome.status), outcome.reason,
                    outcome.detail);
    assert_int_equal(outcome.status, ERR_OK);
}

void provd_box_assert_refused(struct officer_outcome outcome, enum officer_reason reason) {
    assert_int_not_equal(outcome.status, ERR_OK);
    assert_int_equal(outcome.reason, reason);
}
