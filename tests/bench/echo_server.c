#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authd/edge/tls.h"
#include "tests/bench/echo_server.h"

#define PEM_MAX       4096
#define BODY_MAX      65536
#define SIGNATURE_MAX 8192
#define MEMORY_LIMIT  49152

struct identity {
    char key[PEM_MAX], certificate[PEM_MAX];
};

static bool text_of(BIO *memory, char text[static PEM_MAX]) {
    int len = BIO_read(memory, text, PEM_MAX - 1);
    text[len > 0 ? len : 0] = '\0';
    return len > 0;
}

static bool fill_certificate(X509 *certificate, EVP_PKEY *key) {
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_EXTENSION *address = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    bool filled = address != NULL && X509_set_version(certificate, X509_VERSION_3) == 1 &&
                  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
                  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL &&
                  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400 * 7) != NULL &&
                  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                             (const unsigned char *)"echo", -1, -1, 0) == 1 &&
                  X509_set_issuer_name(certificate, name) == 1 &&
                  X509_set_pubkey(certificate, key) == 1 &&
                  X509_add_ext(certificate, address, -1) == 1 &&
                  X509_sign(certificate, key, EVP_sha256()) > 0;
    X509_EXTENSION_free(address);
    return filled;
}

/* A P-256 key and its own certificate. */
static bool make_identity(struct identity *identity) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *key_text = BIO_new(BIO_s_mem()), *certificate_text = BIO_new(BIO_s_mem());
    bool made = key != NULL && certificate != NULL && fill_certificate(certificate, key) &&
                PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                PEM_write_bio_X509(certificate_text, certificate) == 1 &&
                text_of(key_text, identity->key) &&
                text_of(certificate_text, identity->certificate);
    BIO_free(key_text);
    BIO_free(certificate_text);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

static bool write_certificate(const struct identity *identity, const char *path) {
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    int put = fputs(identity->certificate, file);
    return fclose(file) == 0 && put >= 0;
}

static enum MHD_Result answer(struct MHD_Connection *connection, const char *url) {
    static char body[BODY_MAX], letters[SIGNATURE_MAX + 1];
    char signature[SIGNATURE_MAX + 1];
    size_t body_len = 0, signature_len = 0;
    if (sscanf(url, "/%zu/%zu", &body_len, &signature_len) != 2 || body_len > BODY_MAX ||
        signature_len > SIGNATURE_MAX)
        return MHD_NO;
    if (letters[0] == '\0')
        memset(letters, 'a', SIGNATURE_MAX);
    memcpy(signature, letters, signature_len);
    signature[signature_len] = '\0';
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body_len, body, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, "Content-Type", "application/json");
    if (result == MHD_YES && signature_len > 0)
        result = MHD_add_response_header(response, "response-signature", signature);
    if (result == MHD_YES)
        result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **state) {
    static const char begun = 1;
    (void)context, (void)method, (void)version, (void)upload;
    if (*state == NULL) {
        *state = (void *)(uintptr_t)&begun;
        return MHD_YES;
    }
    if (*upload_len > 0) {
        *upload_len = 0;
        return MHD_YES;
    }
    return answer(connection, url);
}

int echo_server_run(const char *path, int told, int life) {
    static struct identity identity;
    char byte;
    if (!make_identity(&identity) || !write_certificate(&identity, path))
        return 1;
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_TLS | MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request,
                         NULL, MHD_OPTION_HTTPS_MEM_KEY, identity.key, MHD_OPTION_HTTPS_MEM_CERT,
                         identity.certificate, MHD_OPTION_HTTPS_PRIORITIES, tls_priorities,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_LIMIT, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        daemon != NULL ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    unsigned port = info != NULL ? info->port : 0;
    if (port == 0 || write(told, &port, sizeof port) != (ssize_t)sizeof port)
        return 1;
    (void)close(told);
    (void)!read(life, &byte, 1);
    MHD_stop_daemon(daemon);
    return 0;
}
