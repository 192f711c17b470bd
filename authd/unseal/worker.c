#include <openssl/crypto.h>

#include "firmware/base/secret.h"
#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/enrolment.h"
#include "authd/unseal/envelope.h"
#include "authd/unseal/jose_request.h"
#include "authd/unseal/jose_sealed.h"
#include "authd/unseal/payload.h"
#include "authd/unseal/pkcs10.h"
#include "authd/unseal/samples.h"
#include "authd/unseal/tls_chain.h"
#include "authd/unseal/worker.h"
#include "authd/wire/jose_wire.h"
#include "authd/wire/sample_wire.h"
#include "authd/wire/unseal_wire.h"

static uint8_t workspace_memory[DECODE_WORKSPACE_BYTES];
static uint8_t answer_memory[FRAME_PAYLOAD_MAX];
static struct buffer workspace, target;

enum err worker_open(void) {
    /* A configuration file of OpenSSL's could load code: it is not read. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return ERR_CRYPTO;
    ERR_TRY(secret_arena_open(PAYLOAD_ARENA_BYTES));
    ERR_TRY(payload_open());
    ERR_TRY(samples_open());
    return certificate_open();
}

void worker_close(void) {
    worker_forget();
    payload_close();
    samples_close();
    certificate_close();
}

static enum err answer_envelope(struct bytes question) {
    struct edge_request request;
    struct envelope envelope;
    ERR_TRY(unseal_wire_get_envelope_question(question, &request));
    envelope_read(&request, &workspace, &envelope);
    unseal_wire_put_envelope(&target, &envelope);
    secret_wipe(&envelope, sizeof envelope);
    return ERR_OK;
}

static enum err answer_foreign(struct bytes question) {
    struct unseal_foreign foreign;
    struct unseal_foreign_judged judged;
    ERR_TRY(unseal_wire_get_foreign(question, &foreign));
    certificate_judge(&foreign, &workspace, &judged);
    unseal_wire_put_judged(&target, &judged);
    return ERR_OK;
}

static enum err answer_payload(struct bytes question) {
    struct unseal_payload sealed;
    struct payload payload;
    ERR_TRY(unseal_wire_get_payload_question(question, &sealed));
    enum err err = payload_unseal(&sealed, &workspace, &payload);
    if (err == ERR_OK)
        unseal_wire_put_payload(&target, &payload);
    secret_wipe(&payload, sizeof payload);
    secret_wipe(&sealed, sizeof sealed);
    return err == ERR_OK ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err answer_certificate(struct bytes question) {
    struct unseal_certificate certificate;
    struct unseal_certificate_read read;
    ERR_TRY(unseal_wire_get_certificate(question, &certificate));
    certificate_read(&certificate, &workspace, &read);
    unseal_wire_put_certificate_read(&target, &read);
    return ERR_OK;
}

static enum err answer_jose_request(struct bytes question) {
    struct edge_request request;
    struct jose_request read;
    ERR_TRY(jose_wire_get_request_question(question, &request));
    jose_request_read(&request, &workspace, &read);
    jose_wire_put_request(&target, &read);
    secret_wipe(&read, sizeof read);
    return ERR_OK;
}

static enum err answer_jose_sealed(struct bytes question) {
    struct jose_sealed_question sealed;
    struct jose_sealed read;
    ERR_TRY(jose_wire_get_sealed_question(question, &sealed));
    enum err err = jose_sealed_unseal(&sealed, &workspace, &read);
    if (err == ERR_OK)
        jose_wire_put_sealed(&target, &read);
    secret_wipe(&read, sizeof read);
    secret_wipe(&sealed, sizeof sealed);
    return err == ERR_OK ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err answer_samples(struct bytes question) {
    static struct samples_question sealed;
    struct secret opened = {0};
    ERR_TRY(sample_wire_get_question(question, &sealed));
    enum err err = samples_unseal(&sealed, &workspace, &opened);
    if (err == ERR_OK)
        sample_wire_put_samples(&target, samples_view(&opened));
    samples_forget(&opened);
    secret_wipe(&sealed, sizeof sealed);
    return err == ERR_OK ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err answer_enrolment(struct bytes question) {
    SECRET(memory);
    struct enrolment_question record;
    ERR_TRY(sample_wire_get_enrolment_question(question, &record));
    if (secret_new(&memory, sizeof(struct enrolment)) != ERR_OK)
        return ERR_UNAVAILABLE;
    struct enrolment *enrolment = (struct enrolment *)memory.data;
    if (enrolment_read(&record, &workspace, enrolment) != ERR_OK)
        return ERR_UNAVAILABLE;
    sample_wire_put_enrolment(&target, enrolment);
    return ERR_OK;
}

static enum err answer_tls_chain(struct bytes question) {
    struct tls_chain_question chain;
    struct tls_chain_read read;
    ERR_TRY(tls_chain_wire_get_question(question, &chain));
    tls_chain_read(&chain, &workspace, &read);
    tls_chain_wire_put_read(&target, &read);
    return ERR_OK;
}

static enum err answer_pkcs10(struct bytes question) {
    struct unseal_pkcs10_read read;
    struct bytes encoded;
    ERR_TRY(pkcs10_wire_get_question(question, &encoded));
    pkcs10_read(encoded, &workspace, &read);
    pkcs10_wire_put_read(&target, &read);
    return ERR_OK;
}

static const struct {
    uint16_t question, answer;
    enum err (*make)(struct bytes question);
} verbs[] = {
    {UNSEAL_ENVELOPE, UNSEAL_ENVELOPE_READ, answer_envelope},
    {UNSEAL_FOREIGN, UNSEAL_FOREIGN_JUDGED, answer_foreign},
    {UNSEAL_PAYLOAD, UNSEAL_PAYLOAD_READ, answer_payload},
    {UNSEAL_CERTIFICATE, UNSEAL_CERTIFICATE_READ, answer_certificate},
    {UNSEAL_SAMPLES, UNSEAL_SAMPLES_READ, answer_samples},
    {UNSEAL_ENROLMENT, UNSEAL_ENROLMENT_READ, answer_enrolment},
    {UNSEAL_TLS_CHAIN, UNSEAL_TLS_CHAIN_READ, answer_tls_chain},
    {UNSEAL_PKCS10, UNSEAL_PKCS10_READ, answer_pkcs10},
    {JOSE_REQUEST, JOSE_REQUEST_READ, answer_jose_request},
    {JOSE_SEALED, JOSE_SEALED_READ, answer_jose_sealed},
};

enum err worker_answer(const struct frame *question, struct frame *answer) {
    workspace = buffer_over(workspace_memory, sizeof workspace_memory);
    target = buffer_over(answer_memory, sizeof answer_memory);
    *answer = (struct frame){.id = question->id, .generation = question->generation};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (verbs[i].question != question->type)
            continue;
        answer->type = verbs[i].answer;
        ERR_TRY(verbs[i].make(question->payload));
        return buffer_end(&target, &answer->payload) == ERR_OK ? ERR_OK : ERR_UNAVAILABLE;
    }
    return ERR_DENIED;
}

void worker_forget(void) {
    secret_wipe(workspace_memory, workspace.len);
    secret_wipe(answer_memory, target.len);
    workspace.len = 0;
    target.len = 0;
}
