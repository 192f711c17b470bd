#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "firmware/base/openssl_scope.h"
#include "hsm/tls_names.h"

#define NAME_SIZE       254 /* RFC 1035: 253 characters */
#define LABEL_MAX       63
#define COMMON_NAME_MAX 64
#define HOST_CHARS      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

static bool is_address(const char *name) {
    uint8_t address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static bool is_label(const char *label, size_t len, bool first) {
    if (first && len == 1 && *label == '*')
        return true;
    return len > 0 && len <= LABEL_MAX && strspn(label, HOST_CHARS) >= len && label[0] != '-' &&
           label[len - 1] != '-';
}

static bool is_host(const char *name) {
    const char *label = name;
    for (bool first = true;; first = false) {
        size_t len = strcspn(label, ".");
        if (!is_label(label, len, first))
            return false;
        if (label[len] == '\0')
            return true;
        label += len + 1;
    }
}

/* The name at ${*at}, without the spaces around it; ${*at} then stands behind it. */
static enum err take_name(const char **at, char name[static NAME_SIZE]) {
    const char *begin = *at + strspn(*at, " ");
    size_t len = strcspn(begin, ",");
    *at = begin + len;
    while (len > 0 && begin[len - 1] == ' ')
        len--;
    if (len == 0 || len >= NAME_SIZE)
        return ERR_CONFIG;
    memcpy(name, begin, len);
    name[len] = '\0';
    return is_address(name) || is_host(name) ? ERR_OK : ERR_CONFIG;
}

static enum err add(GENERAL_NAMES *names, const char *name) {
    GENERAL_NAME *made =
        a2i_GENERAL_NAME(NULL, NULL, NULL, is_address(name) ? GEN_IPADD : GEN_DNS, name, 0);
    if (made != NULL && sk_GENERAL_NAME_push(names, made) > 0)
        return ERR_OK;
    GENERAL_NAME_free(made);
    return ERR_CRYPTO;
}

static enum err read_all(const char *text, GENERAL_NAMES *names) {
    char name[NAME_SIZE];
    for (const char *at = text;; at++) {
        ERR_TRY(take_name(&at, name));
        if (sk_GENERAL_NAME_num(names) == TLS_NAMES_MAX)
            return ERR_CONFIG;
        ERR_TRY(add(names, name));
        if (*at == '\0')
            return ERR_OK;
    }
}

enum err tls_names_check(const char *names) {
    OPENSSL_SCOPE(GENERAL_NAMES) *made = sk_GENERAL_NAME_new_null();
    return made != NULL ? read_all(names, made) : ERR_CRYPTO;
}

enum err tls_names_add(const char *names, X509 *certificate) {
    OPENSSL_SCOPE(GENERAL_NAMES) *made = sk_GENERAL_NAME_new_null();
    if (made == NULL)
        return ERR_CRYPTO;
    ERR_TRY(read_all(names, made));
    return X509_add1_ext_i2d(certificate, NID_subject_alt_name, made, 0, X509V3_ADD_DEFAULT) == 1
               ? ERR_OK
               : ERR_CRYPTO;
}

static void free_extensions(STACK_OF(X509_EXTENSION) * *extensions) {
    sk_X509_EXTENSION_pop_free(*extensions, X509_EXTENSION_free);
}

/* A common name has at most 64 characters (RFC 5280, appendix A.1): a longer one is left out. */
static enum err set_subject(const GENERAL_NAMES *names, X509_REQ *request) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS || ASN1_STRING_length(name->d.dNSName) > COMMON_NAME_MAX)
            continue;
        return X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName,
                                          MBSTRING_ASC, ASN1_STRING_get0_data(name->d.dNSName),
                                          ASN1_STRING_length(name->d.dNSName), -1, 0) == 1
                   ? ERR_OK
                   : ERR_CRYPTO;
    }
    return ERR_OK;
}

enum err tls_names_request(const char *names, X509_REQ *request) {
    OPENSSL_SCOPE(GENERAL_NAMES) *made = sk_GENERAL_NAME_new_null();
    __attribute__((cleanup(free_extensions))) STACK_OF(X509_EXTENSION) *extensions = NULL;
    if (made == NULL)
        return ERR_CRYPTO;
    ERR_TRY(read_all(names, made));
    ERR_TRY(set_subject(made, request));
    return X509V3_add1_i2d(&extensions, NID_subject_alt_name, made, 0, X509V3_ADD_DEFAULT) == 1 &&
                   X509_REQ_add_extensions(request, extensions) == 1
               ? ERR_OK
               : ERR_CRYPTO;
}
