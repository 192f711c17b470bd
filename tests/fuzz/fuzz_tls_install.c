/*
 * Certificates for TLS on their way from an officer's file to the keyring: the file, the packets
 * between officer, provd, unseal and signer, and the certificates themselves. The first byte says
 * which of them the rest is. Whatever is accepted must be written and read again as the same bytes.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/frame.h"
#include "firmware/base/pem.h"
#include "hsm/certificate_key.h"
#include "hsm/wire_tls_install.h"
#include "authd/unseal/certificate.h"
#include "authd/unseal/decode.h"
#include "authd/unseal/tls_chain.h"
#include "provisioning/officer_pem.h"
#include "provisioning/officer_wire_tls.h"

static uint8_t memory[FRAME_PAYLOAD_MAX];

static void require(bool holds) {
    if (!holds)
        abort();
}

static void same(const struct buffer *buffer, struct bytes payload) {
    struct bytes written;
    require(buffer_end(buffer, &written) == ERR_OK && bytes_equal(written, payload));
}

#define READ_AND_WRITE(prefix, type, name)                                                         \
    static void prefix##_##name(struct bytes payload) {                                            \
        static struct type message;                                                                \
        struct buffer buffer = buffer_over(memory, sizeof memory);                                 \
        if (prefix##_wire_get_##name(payload, &message) != ERR_OK)                                 \
            return;                                                                                \
        prefix##_wire_put_##name(&buffer, &message);                                               \
        same(&buffer, payload);                                                                    \
    }
READ_AND_WRITE(officer, officer_tls_request, tls_request)
READ_AND_WRITE(officer, officer_tls_requested, tls_requested)
READ_AND_WRITE(officer, officer_tls_install, tls_install)
READ_AND_WRITE(officer, officer_tls_remove, tls_remove)
READ_AND_WRITE(officer, officer_tls_shown, tls_shown)
READ_AND_WRITE(officer, officer_tls_installed, tls_installed)
READ_AND_WRITE(hsm, hsm_tls_request, tls_request)
READ_AND_WRITE(hsm, hsm_tls_requested, tls_requested)
READ_AND_WRITE(hsm, hsm_tls_install, tls_install)
READ_AND_WRITE(hsm, hsm_tls_installed, tls_installed)
READ_AND_WRITE(hsm, hsm_tls_remove, tls_remove)
READ_AND_WRITE(hsm, hsm_tls_removed, tls_removed)
READ_AND_WRITE(hsm, hsm_tls_shown, tls_shown)

static void tls_chain_read_back(struct bytes payload) {
    static struct tls_chain_read message;
    struct buffer buffer = buffer_over(memory, sizeof memory);
    if (tls_chain_wire_get_read(payload, &message) != ERR_OK)
        return;
    tls_chain_wire_put_read(&buffer, &message);
    same(&buffer, payload);
}

/* The leaf's key is where the reader in the signer finds it, whenever OpenSSL reads a leaf. */
static void judge(struct bytes payload) {
    static uint8_t space[DECODE_WORKSPACE_BYTES];
    static struct tls_chain_question question;
    static struct tls_chain_read read, again;
    struct buffer workspace = buffer_over(space, sizeof space);
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes written, found;
    if (tls_chain_wire_get_question(payload, &question) != ERR_OK)
        return;
    tls_chain_wire_put_question(&buffer, &question);
    same(&buffer, payload);
    require(certificate_open() == ERR_OK);
    tls_chain_read(&question, &workspace, &read);
    buffer = buffer_over(memory, sizeof memory);
    tls_chain_wire_put_read(&buffer, &read);
    require(buffer_end(&buffer, &written) == ERR_OK);
    require(tls_chain_wire_get_read(written, &again) == ERR_OK && again.fault == read.fault);
    if (read.fault == TLS_CHAIN_GOOD)
        require(certificate_key_of(question.certificates[0], &found) == ERR_OK && found.len > 0);
}

static void read_pem(struct bytes text) {
    static const struct officer_pem_limits limits = {HSM_TLS_CERTIFICATES, HSM_TLS_CERTIFICATE_MAX};
    static uint8_t der[HSM_TLS_CERTIFICATES * HSM_TLS_CERTIFICATE_MAX], again_der[sizeof der];
    struct bytes certificates[HSM_TLS_CERTIFICATES], again[HSM_TLS_CERTIFICATES], written;
    size_t count, again_count;
    struct buffer target = buffer_over(der, sizeof der);
    struct buffer second = buffer_over(again_der, sizeof again_der);
    struct buffer pem = buffer_over(memory, sizeof memory);
    if (officer_pem_read(text, &limits, &target, certificates, &count) != ERR_OK)
        return;
    require(count >= 1 && count <= HSM_TLS_CERTIFICATES);
    for (size_t i = 0; i < count; i++) {
        require(certificates[i].len > 0 && certificates[i].len <= HSM_TLS_CERTIFICATE_MAX);
        pem_put(&pem, "CERTIFICATE", certificates[i]);
    }
    require(buffer_end(&pem, &written) == ERR_OK);
    require(officer_pem_read(written, &limits, &second, again, &again_count) == ERR_OK);
    require(again_count == count);
    for (size_t i = 0; i < count; i++)
        require(bytes_equal(again[i], certificates[i]));
}

static void find_key(struct bytes der) {
    struct bytes found;
    if (certificate_key_of(der, &found) == ERR_OK)
        require(found.len > 0 && found.data > der.data &&
                found.data + found.len <= der.data + der.len);
}

static void (*const readers[])(struct bytes payload) = {
    officer_tls_request,
    officer_tls_requested,
    officer_tls_install,
    officer_tls_remove,
    officer_tls_shown,
    hsm_tls_request,
    hsm_tls_requested,
    hsm_tls_install,
    hsm_tls_installed,
    hsm_tls_remove,
    hsm_tls_removed,
    hsm_tls_shown,
    tls_chain_read_back,
    judge,
    read_pem,
    find_key,
    officer_tls_installed,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] < sizeof readers / sizeof *readers)
        readers[data[0]](bytes_of(data + 1, size - 1));
    return 0;
}
