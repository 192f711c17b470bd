#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "hsm/wire_certify.h"
#include "authd/wire/pkcs10_wire.h"
#include "authd/store/registry_row.h"
#include "provisioning/box_anchors.h"
#include "tests/unit/provd_box.h"

/*
 * Certificates of the box's CA as provd has them issued and registered. The test plays unseal, to
 * which a request is a word, "rsa", "p256" or what is wrong with it; and signer 0, whose
 * certificates are what ${issues} says, which the box's unseal then reads.
 */
static struct {
    enum err status;
    const char *issues, *authority;
    size_t asked, audits_before; /* how often, and what the journal had by then */
    bool journal_fails_then;
    struct hsm_certify question;
    struct hsm_keys keys; /* what is the same on each page of the list, which has these: */
    size_t key_count;
    struct hsm_key_shown all_keys[2 * HSM_KEYS_MAX];
} signer;

static bool begins(struct bytes text, const char *word) {
    return text.len >= strlen(word) && memcmp(text.data, word, strlen(word)) == 0;
}

static void read_request(const struct frame *question, struct buffer *answer) {
    struct bytes encoded;
    struct unseal_pkcs10_read read = {.status = ERR_MALFORMED};
    assert_int_equal(pkcs10_wire_get_question(question->payload, &encoded), ERR_OK);
    if (begins(encoded, "rsa"))
        read = (struct unseal_pkcs10_read){.key = PKCS10_RSA,
                                           .modulus_len = 256,
                                           .modulus = {0xc5, 1},
                                           .key_hash = {0xab, 0xcd},
                                           .key_name = "RSA-2048"};
    else if (begins(encoded, "p256"))
        read = (struct unseal_pkcs10_read){
            .key = PKCS10_P256, .x = {1}, .y = {2}, .key_hash = {0xef}, .key_name = "P-256"};
    else if (begins(encoded, "unsigned"))
        read.status = ERR_CRYPTO;
    else if (begins(encoded, "weak"))
        read = (struct unseal_pkcs10_read){.status = ERR_DENIED, .key_name = "RSA-1024"};
    pkcs10_wire_put_read(answer, &read);
}

static void certify(struct provd_box *box, const struct frame *question, struct buffer *answer) {
    assert_int_equal(hsm_wire_get_certify(question->payload, &signer.question), ERR_OK);
    signer.asked++;
    signer.audits_before = box->audit_count;
    if (signer.journal_fails_then)
        box->core_status = ERR_SYSTEM;
    const struct hsm_certified certified = {.receipt.status = signer.status,
                                            .certificate = bytes_of_text(signer.issues),
                                            .authority = bytes_of_text(signer.authority)};
    hsm_wire_put_certified(answer, &certified);
}

/* Of its keys as many as fit, from the place that was asked for. */
static void list_keys(const struct frame *question, struct buffer *answer) {
    static struct hsm_keys page;
    struct hsm_keys_question asked;
    size_t first = 0;
    assert_int_equal(hsm_wire_get_keys_question(question->payload, &asked), ERR_OK);
    assert_int_equal(asked.from.purpose, HSM_PURPOSE_CA);
    while (asked.from.generation != 0 && signer.all_keys[first].generation != asked.from.generation)
        first++;
    page = signer.keys;
    for (size_t i = first; i < signer.key_count && page.count < HSM_KEYS_MAX; i++)
        page.keys[page.count++] = signer.all_keys[i];
    page.more = first + page.count < signer.key_count;
    if (page.more)
        page.rest =
            (struct hsm_keys_place){HSM_PURPOSE_CA, signer.all_keys[first + page.count].generation};
    hsm_wire_put_keys(answer, &page);
}

static enum err play(struct provd_box *box, const struct frame *question, struct buffer *answer) {
    if (question->type == UNSEAL_PKCS10)
        read_request(question, answer);
    else if (question->type == HSM_CERTIFY)
        certify(box, question, answer);
    else
        list_keys(question, answer);
    return ERR_OK;
}

static void add_partner(struct provd_box *box, const char *id, const char *name) {
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_partner question = {.status = STATUS_SUSPENDED,
                                       .certificate = bytes_of_text("brought")};
    (void)strcpy(question.id, id);
    (void)strcpy(question.name, name);
    officer_wire_put_partner(&buffer, &question);
    provd_box_assert_done(provd_box_change(box, OFFICER_PARTNER_ADD, &buffer));
}

/* A box with the programmes amo and dev, and an authority of officers. */
static struct provd_box *furnished(void **state) {
    struct provd_box *box = *state;
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_trust trust = {.domain = "AUTH", .certificate = bytes_of_text("officers' CA")};
    memset(&signer, 0, sizeof signer);
    signer.issues = "issued";
    signer.authority = "box CA 1";
    box->more = play;
    provd_box_initialise(box);
    box->certificate_is_authority = true;
    officer_wire_put_trust(&buffer, &trust);
    provd_box_assert_done(provd_box_change(box, OFFICER_TRUST_ADD, &buffer));
    add_partner(box, "amo", "AMO Tadamon");
    add_partner(box, "dev", "D\xc3\xa9veloppement");
    box->audit_count = 0;
    return box;
}

struct asked {
    enum officer_certificate_use use;
    const char *id, *request, *name;
    uint16_t days;
    bool keeps, dry_run; /* keeps: without the word to replace what is registered */
};

static struct officer_outcome ask(struct provd_box *box, struct asked asked) {
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_certificate question = {.use = asked.use,
                                           .days = asked.days != 0 ? asked.days : 365,
                                           .replace = !asked.keeps,
                                           .dry_run = asked.dry_run,
                                           .request = bytes_of_text(asked.request)};
    (void)strcpy(question.id, asked.id);
    (void)strcpy(question.name, asked.name != NULL ? asked.name : "");
    officer_wire_put_certificate(&buffer, &question);
    return provd_box_change(box, OFFICER_CERTIFICATE, &buffer);
}

static struct officer_outcome issue(struct provd_box *box, enum officer_certificate_use use,
                                    const char *id, const char *request) {
    return ask(box, (struct asked){.use = use, .id = id, .request = request});
}

static uint64_t sequence(struct provd_box *box) {
    uint64_t now;
    assert_int_equal(registry_sequence(box->provd.registry, &now), ERR_OK);
    return now;
}

static size_t count_anchors(struct provd_box *box, const char *domain, const char *der) {
    static uint8_t memory[65536];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes anchors[CERTIFICATES_ANCHORS_MAX];
    size_t count, found = 0;
    assert_int_equal(registry_anchors(box->provd.registry, domain, &buffer, anchors,
                                      CERTIFICATES_ANCHORS_MAX, &count),
                     ERR_OK);
    for (size_t i = 0; i < count; i++)
        found += bytes_equal(anchors[i], bytes_of_text(der));
    return found;
}

static void a_programme_is_registered_with_what_was_issued(void **state) {
    struct provd_box *box = furnished(state);
    struct partner partner;
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa"));
    assert_int_equal(signer.question.kind, HSM_CERTIFY_PARTNER);
    assert_string_equal(signer.question.common_name, "amo");
    assert_string_equal(signer.question.organisation, "AMO Tadamon");
    assert_int_equal(signer.question.days, 365);
    assert_int_equal(signer.question.modulus[0], 0xc5);
    assert_int_equal(signer.question.exponent, 65537);
    assert_true(bytes_equal(box->issued.certificate, bytes_of_text("issued")));
    assert_true(bytes_equal(box->issued.authority, bytes_of_text("box CA 1")));
    assert_true(box->issued.registered && box->issued.anchored);
    assert_string_equal(box->issued.domain, "AUTH");
    assert_int_equal(registry_partner(box->provd.registry, "amo", &partner), ERR_OK);
    assert_int_equal(partner.certificate_len, strlen("issued"));
    assert_int_equal(partner.status, STATUS_SUSPENDED); /* as it was */
    assert_string_equal(partner.name, "AMO Tadamon");
    assert_int_equal(count_anchors(box, "AUTH", "box CA 1"), 1);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 0);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa"));
    assert_true(box->issued.registered && !box->issued.anchored);
}

static void the_journal_has_the_key_before_it_is_certified_and_then_the_certificate(void **state) {
    struct provd_box *box = furnished(state);
    uint64_t before = sequence(box);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa"));
    assert_int_equal(signer.audits_before, 1);
    assert_int_equal(box->audit_count, 2);
    assert_string_equal(box->audits[0].action, "certificate issue");
    assert_string_equal(box->audits[0].subject, "mosip amo key=abcd000000000000");
    assert_int_equal(box->audits[0].officer_uid, 4242);
    assert_int_equal(strncmp(box->audits[1].subject, "sha256=", 7), 0);
    assert_string_equal(box->audits[1].subject + 7 + 64, " key=abcd000000000000");
    assert_int_equal(box->sequence_at_audit, before); /* registered after that */
}

static void without_a_journal_nobody_is_certified(void **state) {
    struct provd_box *box = furnished(state);
    uint64_t before = sequence(box);
    box->core_status = ERR_SYSTEM;
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa"),
                             OFFICER_REASON_CORE);
    assert_int_equal(signer.asked, 0);
    box->core_status = ERR_OK;
    signer.journal_fails_then = true;
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa"),
                             OFFICER_REASON_CORE);
    assert_int_equal(signer.asked, 1);
    assert_int_equal(box->issued.certificate.len, 0);
    assert_int_equal(sequence(box), before);
}

static void a_new_programme_is_added_by_its_name(void **state) {
    struct provd_box *box = furnished(state);
    struct partner partner;
    struct officer_outcome outcome = issue(box, OFFICER_CERTIFICATE_MOSIP, "new", "rsa");
    provd_box_assert_refused(outcome, OFFICER_REASON_ISSUE_UNKNOWN);
    assert_string_equal(outcome.detail, "new");
    assert_int_equal(signer.asked + box->audit_count, 0);
    struct asked named = {OFFICER_CERTIFICATE_TLS, "new", "p256", "New", .days = 0};
    provd_box_assert_refused(ask(box, named), OFFICER_REASON_ISSUE_UNKNOWN);
    named = (struct asked){OFFICER_CERTIFICATE_MOSIP, "new", "rsa", "New programme", .days = 30};
    provd_box_assert_done(ask(box, named));
    assert_int_equal(signer.question.days, 30);
    assert_int_equal(registry_partner(box->provd.registry, "new", &partner), ERR_OK);
    assert_string_equal(partner.name, "New programme");
    assert_int_equal(partner.status, STATUS_ACTIVE);
}

/* It would lose what was registered of it before. */
static void a_programme_whose_row_is_damaged_is_not_a_new_one(void **state) {
    struct provd_box *box = furnished(state);
    struct registry_key at = registry_row_key_of_text("amo");
    struct bytes value, key = registry_row_key_view(&at);
    uint8_t memory[4096];
    struct partner partner;
    struct kv_txn txn = kv_write(registry_kv(box->provd.registry));
    assert_int_equal(kv_get(&txn, REGISTRY_PARTNERS, key, &value), ERR_OK);
    memcpy(memory, value.data, value.len);
    memory[value.len - 1] ^= 1;
    kv_put(&txn, REGISTRY_PARTNERS, key, bytes_of(memory, value.len));
    assert_int_equal(kv_commit(&txn), ERR_OK);
    provd_box_assert_refused(ask(box, (struct asked){.use = OFFICER_CERTIFICATE_MOSIP,
                                                     .id = "amo",
                                                     .request = "rsa",
                                                     .name = "AMO Tadamon"}),
                             OFFICER_REASON_REGISTRY);
    assert_int_equal(signer.asked, 0);
    assert_int_equal(registry_partner(box->provd.registry, "amo", &partner), ERR_CORRUPT);
}

static void a_name_that_no_certificate_bears_is_left_out(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_MOSIP, "dev", "rsa"));
    assert_string_equal(signer.question.organisation, "");
    assert_string_equal(signer.question.common_name, "dev");
}

/* ---- the JOSE profile ---- */

static void register_jose(struct provd_box *box, const char *id, const char *const keys[static 3]) {
    uint8_t memory[512];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_jose question = {.tls = bytes_of_text(keys[0]),
                                    .signature = bytes_of_text(keys[1]),
                                    .encryption = bytes_of_text(keys[2])};
    (void)strcpy(question.id, id);
    officer_wire_put_jose(&buffer, &question);
    provd_box_assert_done(provd_box_change(box, OFFICER_PARTNER_JOSE, &buffer));
}

static void one_of_three_certificates_takes_its_predecessor_s_place(void **state) {
    struct provd_box *box = furnished(state);
    struct jose_client before, after;
    register_jose(box, "amo", (const char *const[]){"key1", "key2", "key3"});
    assert_int_equal(registry_jose_client(box->provd.registry, "amo", &before), ERR_OK);
    signer.issues = "key4 new";
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_SIGNATURE, "amo", "p256"));
    assert_true(box->issued.registered && !box->issued.anchored);
    assert_int_equal(signer.question.kind, HSM_CERTIFY_SIGNATURE);
    assert_int_equal(signer.question.x[0] + signer.question.y[0], 3);
    assert_int_equal(registry_jose_client(box->provd.registry, "amo", &after), ERR_OK);
    assert_memory_not_equal(before.signature.kid, after.signature.kid, 32);
    assert_memory_equal(before.encryption.kid, after.encryption.kid, 32);
    assert_memory_equal(before.tls_thumbprint, after.tls_thumbprint, 32);
    signer.issues = "key5 new";
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_TLS, "amo", "p256"));
    before = after;
    assert_int_equal(registry_jose_client(box->provd.registry, "amo", &after), ERR_OK);
    assert_memory_not_equal(before.tls_thumbprint, after.tls_thumbprint, 32);
    assert_memory_equal(before.signature.kid, after.signature.kid, 32);
}

static void the_first_of_three_is_issued_and_not_registered(void **state) {
    struct provd_box *box = furnished(state);
    uint64_t before = sequence(box);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_TLS, "amo", "p256"));
    assert_false(box->issued.registered);
    assert_true(box->issued.certificate.len > 0);
    assert_int_equal(box->audit_count, 2);
    assert_int_equal(sequence(box), before);
}

static void a_key_that_is_not_the_programme_s_own_is_refused(void **state) {
    struct provd_box *box = furnished(state);
    struct jose_client client;
    register_jose(box, "amo", (const char *const[]){"key1", "key2", "key3"});
    register_jose(box, "dev", (const char *const[]){"key4", "key5", "key6"});
    signer.issues = "key5 again";
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_SIGNATURE, "amo", "p256"),
                             OFFICER_REASON_KEY_TAKEN);
    assert_int_equal(box->issued.certificate.len, 0);
    signer.issues = "key3 again";
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_SIGNATURE, "amo", "p256"),
                             OFFICER_REASON_KEY_TWICE);
    signer.issues = "key1 again"; /* its own, for TLS */
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_SIGNATURE, "amo", "p256"),
                             OFFICER_REASON_KEY_TWICE);
    signer.issues = "key4 again"; /* another's, for TLS */
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_TLS, "amo", "p256"),
                             OFFICER_REASON_KEY_TAKEN);
    assert_int_equal(registry_jose_client(box->provd.registry, "amo", &client), ERR_OK);
}

/* A row from before TLS keys were known says nothing of one. */
static void a_tls_key_that_is_not_known_is_nobody_s(void **state) {
    struct provd_box *box = furnished(state);
    static const char *const ids[] = {"amo", "dev"};
    struct jose_client client;
    uint64_t now;
    register_jose(box, "amo", (const char *const[]){"key1", "key2", "key3"});
    register_jose(box, "dev", (const char *const[]){"key4", "key5", "key6"});
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(registry_jose_client(box->provd.registry, ids[i], &client), ERR_OK);
        memset(client.tls_kid, 0, sizeof client.tls_kid);
        struct registry_batch batch = registry_begin(box->provd.registry);
        registry_put_jose_client(&batch, &client);
        assert_int_equal(registry_commit(&batch, &now), ERR_OK);
    }
    signer.issues = "key7";
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_SIGNATURE, "amo", "p256"));
    signer.issues = "key8";
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_TLS, "amo", "p256"));
    signer.issues = "key8 again";
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_SIGNATURE, "dev", "p256"),
                             OFFICER_REASON_KEY_TAKEN);
}

/* ---- what is registered already ---- */

static void a_registered_certificate_is_replaced_by_word_alone(void **state) {
    struct provd_box *box = furnished(state);
    register_jose(box, "amo", (const char *const[]){"key1", "key2", "key3"});
    box->audit_count = 0;
    uint64_t before = sequence(box);
    struct asked asked[] = {{OFFICER_CERTIFICATE_MOSIP, "amo", "rsa", .keeps = true},
                            {OFFICER_CERTIFICATE_TLS, "amo", "p256", .keeps = true},
                            {OFFICER_CERTIFICATE_SIGNATURE, "amo", "p256", .keeps = true}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        for (int dry_run = 0; dry_run < 2; dry_run++) {
            asked[i].dry_run = dry_run == 1;
            struct officer_outcome outcome = ask(box, asked[i]);
            provd_box_assert_refused(outcome, OFFICER_REASON_REPLACES);
            assert_string_equal(outcome.detail, "amo");
        }
    }
    assert_int_equal(signer.asked + box->audit_count, 0);
    assert_int_equal(sequence(box), before);
    signer.issues = "key4 new";
    asked[1].keeps = asked[1].dry_run = false;
    provd_box_assert_done(ask(box, asked[1]));
    assert_true(box->issued.registered && box->issued.replaced);
}

static void what_replaces_nothing_needs_no_word(void **state) {
    struct provd_box *box = furnished(state);
    static const struct asked asked[] = {
        {OFFICER_CERTIFICATE_MOSIP, "new", "rsa", "New programme", .keeps = true},
        {OFFICER_CERTIFICATE_TLS, "amo", "p256", .keeps = true},
        {OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa", .keeps = true}};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        provd_box_assert_done(ask(box, asked[i]));
        assert_false(box->issued.replaced);
    }
}

static void a_dry_run_says_what_would_follow_and_changes_nothing(void **state) {
    struct provd_box *box = furnished(state);
    uint64_t before = sequence(box);
    static const struct {
        struct asked asked;
        bool registered, replaced;
    } cases[] = {
        {{OFFICER_CERTIFICATE_MOSIP, "amo", "rsa", .dry_run = true}, true, true},
        {{OFFICER_CERTIFICATE_MOSIP, "new", "rsa", "New programme", .dry_run = true}, true, false},
        {{OFFICER_CERTIFICATE_TLS, "amo", "p256", .dry_run = true}, false, false},
        {{OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa", .dry_run = true}, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        provd_box_assert_done(ask(box, cases[i].asked));
        assert_true(box->issued.dry_run);
        assert_int_equal(box->issued.registered, cases[i].registered);
        assert_int_equal(box->issued.replaced, cases[i].replaced);
        assert_int_equal(box->issued.certificate.len, 0);
    }
    assert_int_equal(signer.asked + box->audit_count, 0);
    assert_int_equal(sequence(box), before);
}

/* ---- devices ---- */

static void the_first_device_makes_the_box_s_ca_an_authority_of_devices(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner 0042", "rsa"));
    assert_int_equal(signer.question.kind, HSM_CERTIFY_DEVICE);
    assert_string_equal(signer.question.common_name, "Scanner 0042");
    assert_string_equal(signer.question.organisation, "");
    assert_true(box->issued.anchored && !box->issued.registered);
    assert_string_equal(box->issued.domain, "DEVICE");
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 1);
    assert_int_equal(count_anchors(box, "AUTH", "box CA 1"), 0);
    uint64_t before = sequence(box);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner 0043", "rsa"));
    assert_false(box->issued.anchored);
    assert_int_equal(sequence(box), before);
    signer.authority = "box CA 2"; /* its key has rolled */
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner 0044", "rsa"));
    assert_true(box->issued.anchored);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 1);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 2"), 1);
}

static void a_domain_full_of_authorities_is_said_and_nothing_leaves(void **state) {
    struct provd_box *box = furnished(state);
    struct registry_batch batch = registry_begin(box->provd.registry);
    uint64_t now;
    for (uint8_t i = 0; i < CERTIFICATES_ANCHORS_MAX; i++) {
        const uint8_t thumbprint[32] = {i};
        registry_put_anchor(&batch, "DEVICE", thumbprint, bytes_of_text("another"));
    }
    assert_int_equal(registry_commit(&batch, &now), ERR_OK);
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa"),
                             OFFICER_REASON_ANCHORS_FULL);
    assert_int_equal(box->issued.certificate.len, 0);
}

/* ---- what is refused ---- */

static void a_request_that_is_none_reaches_no_signer(void **state) {
    struct provd_box *box = furnished(state);
    static const struct {
        enum officer_certificate_use use;
        const char *request;
        enum officer_reason reason;
        const char *detail;
    } cases[] = {
        {OFFICER_CERTIFICATE_MOSIP, "nothing", OFFICER_REASON_REQUEST, ""},
        {OFFICER_CERTIFICATE_MOSIP, "unsigned", OFFICER_REASON_REQUEST_UNSIGNED, ""},
        {OFFICER_CERTIFICATE_MOSIP, "weak", OFFICER_REASON_REQUEST_KEY, "RSA-1024"},
        {OFFICER_CERTIFICATE_MOSIP, "p256", OFFICER_REASON_REQUEST_KEY, "P-256"},
        {OFFICER_CERTIFICATE_DEVICE, "p256", OFFICER_REASON_REQUEST_KEY, "P-256"},
        {OFFICER_CERTIFICATE_TLS, "rsa", OFFICER_REASON_REQUEST_KEY, "RSA-2048"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct officer_outcome outcome = issue(box, cases[i].use, "amo", cases[i].request);
        provd_box_assert_refused(outcome, cases[i].reason);
        assert_string_equal(outcome.detail, cases[i].detail);
    }
    assert_int_equal(signer.asked + box->audit_count, 0);
}

static void what_the_signer_refuses_is_said(void **state) {
    struct provd_box *box = furnished(state);
    uint64_t before = sequence(box);
    static const struct {
        enum err status;
        enum officer_reason reason;
        const char *detail;
    } cases[] = {{ERR_NOT_FOUND, OFFICER_REASON_NO_AUTHORITY, ""},
                 {ERR_DENIED, OFFICER_REASON_AUTHORITY_ENDS, ""},
                 {ERR_LIMIT, OFFICER_REASON_ISSUED_MANY, ""},
                 {ERR_CRYPTO, OFFICER_REASON_REQUEST_KEY, "RSA-2048"},
                 {ERR_EXISTS, OFFICER_REASON_TOKEN, "exists"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        signer.status = cases[i].status;
        struct officer_outcome outcome = issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa");
        provd_box_assert_refused(outcome, cases[i].reason);
        assert_string_equal(outcome.detail, cases[i].detail);
    }
    assert_int_equal(sequence(box), before);
}

static void what_is_issued_is_judged_like_what_officers_bring(void **state) {
    struct provd_box *box = furnished(state);
    uint64_t before = sequence(box);
    box->certificate_status = ERR_CRYPTO;
    provd_box_assert_refused(issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa"),
                             OFFICER_REASON_CERTIFICATE_UNTRUSTED);
    assert_int_equal(box->anchors_given, 2); /* the officers' and the box's own */
    assert_int_equal(box->issued.certificate.len, 0);
    assert_int_equal(sequence(box), before);
}

static void names_and_days_out_of_range_reach_nobody(void **state) {
    struct provd_box *box = furnished(state);
    static const struct asked cases[] = {
        {OFFICER_CERTIFICATE_MOSIP, "a b", "rsa", .days = 1},
        {OFFICER_CERTIFICATE_MOSIP, "amo", "rsa", "a\nb", .days = 1},
        {OFFICER_CERTIFICATE_DEVICE, "Scanner <1>", "rsa", .days = 1},
        {OFFICER_CERTIFICATE_DEVICE, " Scanner", "rsa", .days = 1},
        {OFFICER_CERTIFICATE_MOSIP, "amo", "rsa", .days = 1096},
        {OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa", .days = 65535},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        provd_box_assert_refused(ask(box, cases[i]), OFFICER_REASON_VALUE);
    assert_int_equal(signer.asked + box->audit_count, 0);
}

/* ---- authorities that have ended ---- */

static struct hsm_key_shown *add_key(const char *authority, uint16_t generation,
                                     enum keystate state) {
    struct hsm_key_shown *key = &signer.all_keys[signer.key_count++];
    *key = (struct hsm_key_shown){.purpose = HSM_PURPOSE_CA,
                                  .generation = generation,
                                  .state = state,
                                  .has_certificate = true};
    (void)crypto_hash_sha256(key->thumbprint, (const uint8_t *)authority, strlen(authority));
    return key;
}

static void an_authority_that_is_retiring_stays_and_one_that_ended_goes(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa"));
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_MOSIP, "amo", "rsa"));
    signer.authority = "box CA 2";
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa"));
    struct hsm_key_shown *first = add_key("box CA 1", 1, KEYSTATE_RETIRING);
    (void)add_key("box CA 2", 2, KEYSTATE_ACTIVE);
    box->audit_count = 0;
    (void)box_anchors_turn(&box->provd);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 1);
    assert_int_equal(box->audit_count, 0);

    first->state = KEYSTATE_RETIRED;
    (void)box_anchors_turn(&box->provd); /* no news of the keyring: not looked at */
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 1);
    provd_box_roll_key(box, &box->kek);
    (void)box_anchors_turn(&box->provd);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 0);
    assert_int_equal(count_anchors(box, "AUTH", "box CA 1"), 0);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 2"), 1);
    assert_int_equal(count_anchors(box, "AUTH", "officers' CA"), 1);
    assert_int_equal(box->audit_count, 2);
    uint8_t hash[32];
    char hex[33], subject[64];
    (void)crypto_hash_sha256(hash, (const uint8_t *)"box CA 1", strlen("box CA 1"));
    (void)sodium_bin2hex(hex, sizeof hex, hash, 16); /* as `trust list` shows it */
    (void)snprintf(subject, sizeof subject, "anchor-ended AUTH %s", hex);
    assert_string_equal(box->audits[0].subject, subject);
    assert_int_equal(strncmp(box->audits[1].subject, "anchor-ended DEVICE ", 20), 0);
}

/* A list of keys comes in pages. */
static void an_authority_that_ended_goes_however_many_came_after_it(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa"));
    for (uint16_t generation = 2 * HSM_KEYS_MAX; generation > 1; generation--)
        (void)add_key("another", generation, KEYSTATE_RETIRED);
    (void)add_key("box CA 1", 1, KEYSTATE_DESTROYED);
    (void)box_anchors_turn(&box->provd);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 0);
}

static void a_revoked_authority_is_none_at_once(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa"));
    (void)add_key("box CA 1", 1, KEYSTATE_REVOKED);
    box->core_status = ERR_SYSTEM; /* without a journal nothing changes */
    (void)box_anchors_turn(&box->provd);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 1);
    box->core_status = ERR_OK;
    box->provd.anchors_look.due_ms = 0; /* it is tried again in a while */
    (void)box_anchors_turn(&box->provd);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 0);
}

/* A signer that cannot say is asked again, or a revoked one would stay until the next roll. */
static void what_a_signer_refuses_to_tell_is_not_taken_for_nothing(void **state) {
    struct provd_box *box = furnished(state);
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa"));
    (void)add_key("box CA 1", 1, KEYSTATE_REVOKED);
    signer.keys.receipt.status = ERR_NOT_FOUND;
    (void)box_anchors_turn(&box->provd);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 1);
    signer.keys.receipt.status = ERR_OK;
    box->provd.anchors_look.due_ms = 0; /* it is tried again in a while */
    (void)box_anchors_turn(&box->provd);
    assert_int_equal(count_anchors(box, "DEVICE", "box CA 1"), 0);
}

/* ---- the list that officers see ---- */

static struct officer_outcome list(struct provd_box *box, const char *domain) {
    uint8_t memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_trust_question question = {0};
    (void)strcpy(question.domain, domain);
    officer_wire_put_trust_question(&buffer, &question);
    return provd_box_change(box, OFFICER_TRUST_LIST, &buffer);
}

static void officers_see_the_authorities_of_a_domain_or_of_all(void **state) {
    struct provd_box *box = furnished(state);
    uint8_t hash[32];
    provd_box_assert_done(issue(box, OFFICER_CERTIFICATE_DEVICE, "Scanner", "rsa"));
    provd_box_assert_done(list(box, "DEVICE"));
    assert_int_equal(box->anchors.count, 1);
    assert_string_equal(box->anchors.of[0].domain, "DEVICE");
    assert_string_equal(box->anchors.of[0].subject, "AMO");
    assert_int_equal(box->anchors.of[0].not_after_ms, INT64_C(4102444800000));
    (void)crypto_hash_sha256(hash, (const uint8_t *)"box CA 1", strlen("box CA 1"));
    assert_memory_equal(box->anchors.of[0].thumbprint, hash, sizeof hash);
    provd_box_assert_done(list(box, ""));
    assert_int_equal(box->anchors.count, 2);
    assert_string_equal(box->anchors.of[0].domain, "AUTH");
    provd_box_assert_done(list(box, "FTM"));
    assert_int_equal(box->anchors.count, 0);
    provd_box_assert_refused(list(box, "no domain"), OFFICER_REASON_VALUE);
}

static void an_authority_that_is_over_is_listed_as_such(void **state) {
    struct provd_box *box = furnished(state);
    box->certificate_status = ERR_EXPIRED;
    provd_box_assert_done(list(box, "AUTH"));
    assert_int_equal(box->anchors.count, 1);
    assert_int_equal(box->anchors.of[0].not_after_ms, 0);
    assert_string_equal(box->anchors.of[0].subject, "");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, provd_box_setup, provd_box_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_programme_is_registered_with_what_was_issued),
        TEST(the_journal_has_the_key_before_it_is_certified_and_then_the_certificate),
        TEST(without_a_journal_nobody_is_certified),
        TEST(a_new_programme_is_added_by_its_name),
        TEST(a_programme_whose_row_is_damaged_is_not_a_new_one),
        TEST(a_name_that_no_certificate_bears_is_left_out),
        TEST(one_of_three_certificates_takes_its_predecessor_s_place),
        TEST(the_first_of_three_is_issued_and_not_registered),
        TEST(a_key_that_is_not_the_programme_s_own_is_refused),
        TEST(a_tls_key_that_is_not_known_is_nobody_s),
        TEST(a_registered_certificate_is_replaced_by_word_alone),
        TEST(what_replaces_nothing_needs_no_word),
        TEST(a_dry_run_says_what_would_follow_and_changes_nothing),
        TEST(the_first_device_makes_the_box_s_ca_an_authority_of_devices),
        TEST(a_domain_full_of_authorities_is_said_and_nothing_leaves),
        TEST(a_request_that_is_none_reaches_no_signer),
        TEST(what_the_signer_refuses_is_said),
        TEST(what_is_issued_is_judged_like_what_officers_bring),
        TEST(an_authority_that_ended_goes_however_many_came_after_it),
        TEST(names_and_days_out_of_range_reach_nobody),
        TEST(an_authority_that_is_retiring_stays_and_one_that_ended_goes),
        TEST(a_revoked_authority_is_none_at_once),
        TEST(what_a_signer_refuses_to_tell_is_not_taken_for_nothing),
        TEST(officers_see_the_authorities_of_a_domain_or_of_all),
        TEST(an_authority_that_is_over_is_listed_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
