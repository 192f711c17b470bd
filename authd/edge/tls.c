#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/base/scope.h"
#include "authd/edge/tls.h"

#define FILE_MAX     32768
#define RSA_BITS_MIN 2048

/*
 * AES-128 first: a quarter of the cost of ChaCha20 on this hardware. No CBC, no SHA-1, no static
 * RSA. A P-256 or an RSA certificate.
 */
#define SUITES                                                                                     \
    ":+ECDHE-ECDSA:+ECDHE-RSA:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+COMP-NULL"       \
    ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+CTYPE-X509:%SERVER_PRECEDENCE"              \
    ":+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384"

const char tls_priorities[] =
    "NONE:+VERS-TLS1.3:+VERS-TLS1.2" SUITES ":+SIGN-ECDSA-SHA256:+SIGN-RSA-SHA256:+SIGN-RSA-SHA384";
const char tls_priorities_mutual[] = "NONE:+VERS-TLS1.3" SUITES ":%NO_TICKETS";

static enum err __attribute__((format(printf, 2, 3)))
refuse(struct conf_problem *problem, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return ERR_CONFIG;
}

static void certificate_credentials_free(gnutls_certificate_credentials_t *credentials) {
    if (*credentials != NULL)
        gnutls_certificate_free_credentials(*credentials);
}

static void private_key_free(gnutls_x509_privkey_t *key) {
    if (*key != NULL)
        gnutls_x509_privkey_deinit(*key);
}

static enum err read_all(int fd, struct secret *text, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t count = read(fd, text->data + done, size - done);
        if (count <= 0)
            return ERR_SYSTEM;
        done += (size_t)count;
    }
    return ERR_OK;
}

/* Into ${text} with a zero behind it. ${forbidden}: permission bits that refuse the file. */
static enum err read_file(const char *setting, const char *path, mode_t forbidden,
                          struct secret *text, struct conf_problem *problem) {
    SCOPE_DESCRIPTOR fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0)
        return refuse(problem, "%s: cannot read %s: %s", setting, path, strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_size <= 0 || status.st_size > FILE_MAX)
        return refuse(problem, "%s: %s must be a file of 1 to %d bytes", setting, path, FILE_MAX);
    if ((status.st_mode & forbidden) != 0)
        return refuse(problem, "%s: take the rights of others from it: chmod 0640 %s", setting,
                      path);
    size_t size = (size_t)status.st_size;
    if (secret_new(text, size + 1) != ERR_OK || read_all(fd, text, size) != ERR_OK)
        return refuse(problem, "%s: cannot read %s", setting, path);
    if (strlen((const char *)text->data) != size)
        return refuse(problem, "%s: %s is not PEM", setting, path);
    return ERR_OK;
}

static gnutls_datum_t datum_of(const struct secret *text) {
    return (gnutls_datum_t){.data = text->data, .size = (unsigned)text->len - 1};
}

static enum err check_algorithm(const struct tls *tls, struct conf_problem *problem) {
    __attribute__((cleanup(private_key_free))) gnutls_x509_privkey_t key = NULL;
    gnutls_datum_t text = datum_of(&tls->key);
    unsigned bits = 0;
    if (gnutls_x509_privkey_init(&key) != GNUTLS_E_SUCCESS)
        return ERR_SYSTEM;
    int result =
        gnutls_x509_privkey_import2(key, &text, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
    if (result != GNUTLS_E_SUCCESS)
        return refuse(problem, "tls-key: give an unencrypted private key in PEM: %s",
                      gnutls_strerror(result));
    int algorithm = gnutls_x509_privkey_get_pk_algorithm2(key, &bits);
    bool p256 = algorithm == GNUTLS_PK_ECDSA && bits == 256;
    bool rsa = algorithm == GNUTLS_PK_RSA && bits >= RSA_BITS_MIN;
    if (!p256 && !rsa)
        return refuse(problem, "tls-key: use a P-256 key, or RSA of at least %d bits",
                      RSA_BITS_MIN);
    return ERR_OK;
}

static enum err check_pair(const struct tls *tls, struct conf_problem *problem) {
    __attribute__((cleanup(certificate_credentials_free)))
    gnutls_certificate_credentials_t credentials = NULL;
    gnutls_datum_t key = datum_of(&tls->key);
    gnutls_datum_t certificate = datum_of(&tls->certificate);
    if (gnutls_certificate_allocate_credentials(&credentials) != GNUTLS_E_SUCCESS)
        return ERR_SYSTEM;
    int result =
        gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
    if (result < 0)
        return refuse(problem, "tls-certificate: give the certificate of tls-key in PEM: %s",
                      gnutls_strerror(result));
    return ERR_OK;
}

static enum err make_ticket_key(struct tls *tls) {
    gnutls_datum_t made = {0};
    if (gnutls_session_ticket_key_generate(&made) != GNUTLS_E_SUCCESS)
        return ERR_SYSTEM;
    enum err err = secret_copy(&tls->ticket_key, bytes_of(made.data, made.size));
    secret_wipe(made.data, made.size);
    gnutls_free(made.data);
    return err;
}

static enum err load(struct tls *tls, const char *key_path, const char *certificate_path,
                     struct conf_problem *problem) {
    tls->in_token = key_path[0] == '\0' && certificate_path[0] == '\0';
    if (tls->in_token)
        return make_ticket_key(tls);
    if (key_path[0] == '\0' || certificate_path[0] == '\0')
        return refuse(problem, "tls-key and tls-certificate: give both, or neither when the key is "
                               "in the token");
    ERR_TRY(read_file("tls-key", key_path, S_IRWXO | S_IWGRP, &tls->key, problem));
    ERR_TRY(read_file("tls-certificate", certificate_path, S_IWOTH | S_IWGRP, &tls->certificate,
                      problem));
    ERR_TRY(check_algorithm(tls, problem));
    ERR_TRY(check_pair(tls, problem));
    return make_ticket_key(tls);
}

enum err tls_load(struct tls *tls, const char *key_path, const char *certificate_path,
                  struct conf_problem *problem) {
    *tls = (struct tls){0};
    problem->text[0] = '\0';
    enum err err = load(tls, key_path, certificate_path, problem);
    if (err != ERR_OK)
        tls_close(tls);
    if (err != ERR_OK && err != ERR_CONFIG)
        (void)refuse(problem, "no memory for the TLS key: %s", err_text(err));
    return err;
}

void tls_forget_key(struct tls *tls) {
    secret_free(&tls->key);
    secret_free(&tls->certificate);
}

void tls_close(struct tls *tls) {
    tls_forget_key(tls);
    secret_free(&tls->ticket_key);
}

enum err tls_enable_tickets(const struct tls *tls, gnutls_session_t session) {
    gnutls_datum_t key = {.data = tls->ticket_key.data, .size = (unsigned)tls->ticket_key.len};
    return gnutls_session_ticket_enable_server(session, &key) == GNUTLS_E_SUCCESS ? ERR_OK
                                                                                  : ERR_CRYPTO;
}
