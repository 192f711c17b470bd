#include <arpa/inet.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "firmware/base/openssl_scope.h"
#include "authd/unseal/certificate_field.h"
#include "authd/unseal/certificate_path.h"
#include "authd/unseal/digest.h"
#include "authd/unseal/tls_chain.h"

#define STRENGTH_LEVEL 2 /* OpenSSL's security level for 112 bits */
#define STRENGTH_BITS  112
#define HOST_FLAGS     (X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)

/* The certificates as OpenSSL has read them. */
struct parsed {
    size_t count;
    X509 *certificates[TLS_CHAIN_CERTIFICATES_MAX];
};

static void free_parsed(struct parsed *parsed) {
    for (size_t i = 0; i < parsed->count; i++)
        X509_free(parsed->certificates[i]);
}

static void free_others(STACK_OF(X509) * *others) {
    sk_X509_free(*others);
}

static enum tls_chain_fault at_fault(struct tls_chain_read *answer, enum tls_chain_fault fault,
                                     size_t index) {
    answer->at = (uint8_t)(index + 1);
    return fault;
}

static enum tls_chain_fault parse(const struct tls_chain_question *question, struct parsed *parsed,
                                  struct tls_chain_read *answer) {
    for (size_t i = 0; i < question->count; i++) {
        X509 *certificate = certificate_path_parse(question->certificates[i]);
        if (certificate == NULL)
            return at_fault(answer, TLS_CHAIN_UNREADABLE, i);
        parsed->certificates[parsed->count++] = certificate;
    }
    return TLS_CHAIN_GOOD;
}

/* ---- what the leaf says ---- */

/* A name that would command a terminal, or does not fit, is left out. */
static void append_name(struct buffer *names, struct bytes name) {
    bool is_printable = name.len > 0;
    for (size_t i = 0; i < name.len; i++)
        is_printable &= name.data[i] > ' ' && name.data[i] < 0x7f && name.data[i] != ',';
    if (!is_printable || names->len + name.len + 3 > names->size)
        return;
    buffer_raw(names, ", ", names->len > 0 ? 2 : 0);
    buffer_raw(names, name.data, name.len);
}

static void append_address(struct buffer *names, const ASN1_OCTET_STRING *address) {
    char text[INET6_ADDRSTRLEN];
    int len = ASN1_STRING_length(address);
    int family = len == 4 ? AF_INET : AF_INET6;
    if ((len == 4 || len == 16) &&
        inet_ntop(family, ASN1_STRING_get0_data(address), text, sizeof text) != NULL)
        append_name(names, bytes_of_text(text));
}

static void read_names(X509 *leaf, char *text, size_t size) {
    OPENSSL_SCOPE(GENERAL_NAMES) *all = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    struct buffer names = buffer_over(text, size - 1);
    for (int i = 0; all != NULL && i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
        if (name->type == GEN_DNS)
            append_name(&names, bytes_of(ASN1_STRING_get0_data(name->d.dNSName),
                                         (size_t)ASN1_STRING_length(name->d.dNSName)));
        else if (name->type == GEN_IPADD)
            append_address(&names, name->d.iPAddress);
    }
    text[names.len] = '\0';
}

static enum tls_chain_end find_end(const struct parsed *parsed) {
    if (X509_self_signed(parsed->certificates[parsed->count - 1], 1) == 1)
        return TLS_CHAIN_ROOT;
    return parsed->count == 1 ? TLS_CHAIN_LEAF_ALONE : TLS_CHAIN_AUTHORITY;
}

static enum tls_chain_fault describe(const struct tls_chain_question *question,
                                     const struct parsed *parsed, struct buffer *workspace,
                                     struct tls_chain_read *answer) {
    X509 *leaf = parsed->certificates[0];
    if (certificate_field_key(leaf, workspace, &answer->public_key) != ERR_OK ||
        digest_sha256(question->certificates[0], answer->thumbprint) != ERR_OK)
        return at_fault(answer, TLS_CHAIN_UNREADABLE, 0);
    certificate_field_name(X509_get_subject_name(leaf), answer->subject, sizeof answer->subject);
    certificate_field_name(X509_get_issuer_name(leaf), answer->issuer, sizeof answer->issuer);
    read_names(leaf, answer->names, sizeof answer->names);
    certificate_field_name(X509_get_issuer_name(parsed->certificates[parsed->count - 1]),
                           answer->authority, sizeof answer->authority);
    answer->end = find_end(parsed);
    answer->not_after_ms = INT64_MAX;
    for (size_t i = 0; i < parsed->count; i++) {
        int64_t not_after_ms;
        if (certificate_field_time(X509_get0_notAfter(parsed->certificates[i]), &not_after_ms) !=
            ERR_OK)
            return at_fault(answer, TLS_CHAIN_UNREADABLE, i);
        if (not_after_ms < answer->not_after_ms)
            answer->not_after_ms = not_after_ms;
    }
    return TLS_CHAIN_GOOD;
}

/* ---- how a client would judge it ---- */

static bool is_valid_at(X509 *certificate, int64_t now_ms) {
    time_t now = (time_t)(now_ms / 1000);
    return X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0 &&
           X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0;
}

/* Where its issuer is not brought along, nobody looks at the signature. */
static bool is_signed_strongly(X509 *leaf) {
    int bits = 0;
    return X509_get_signature_info(leaf, NULL, NULL, &bits, NULL) == 1 && bits >= STRENGTH_BITS;
}

static enum tls_chain_fault judge_each(const struct parsed *parsed, int64_t now_ms,
                                       struct tls_chain_read *answer) {
    for (size_t i = 0; i < parsed->count; i++)
        if (certificate_path_key(parsed->certificates[i], false) != ERR_OK)
            return at_fault(answer, TLS_CHAIN_WEAK, i);
    if (parsed->count == 1 && !is_signed_strongly(parsed->certificates[0]))
        return at_fault(answer, TLS_CHAIN_WEAK, 0);
    for (size_t i = 0; i < parsed->count; i++)
        if (!is_valid_at(parsed->certificates[i], now_ms))
            return at_fault(answer, TLS_CHAIN_TIME, i);
    return TLS_CHAIN_GOOD;
}

/*
 * A critical extension that is not known makes clients refuse it (RFC 5280 §4.2), and one that
 * promises OCSP responses in the handshake (RFC 7633) too, as the box sends none.
 */
static bool asks_too_much(X509 *leaf) {
    return (X509_get_extension_flags(leaf) & EXFLAG_CRITICAL) != 0 ||
           X509_get_ext_by_NID(leaf, NID_tlsfeature, -1) >= 0;
}

static bool is_for_server(X509 *leaf) {
    bool is_authority =
        X509_check_ca(leaf) != 0 || (X509_get_extension_flags(leaf) & EXFLAG_CA) != 0;
    return !is_authority && !asks_too_much(leaf) &&
           (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE) != 0 &&
           X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) == 1;
}

static enum tls_chain_fault judge_order(const struct tls_chain_question *question,
                                        const struct parsed *parsed,
                                        struct tls_chain_read *answer) {
    for (size_t i = 0; i + 1 < parsed->count; i++) {
        const struct certificate_anchors next = {&question->certificates[i + 1], 1};
        if (certificate_path_follow(question->certificates[i], parsed->certificates[i], &next,
                                    question->now_ms) != ERR_OK)
            return at_fault(answer, TLS_CHAIN_ISSUER, i + 1);
    }
    return TLS_CHAIN_GOOD;
}

/* As a whole, from the leaf to the last: what authorities in it allow those below them. */
static bool verifies(const struct parsed *parsed, int64_t now_ms) {
    OPENSSL_SCOPE(X509_STORE) *store = X509_STORE_new();
    OPENSSL_SCOPE(X509_STORE_CTX) *path = X509_STORE_CTX_new();
    __attribute__((cleanup(free_others))) STACK_OF(X509) *others = sk_X509_new_null();
    if (store == NULL || path == NULL || others == NULL ||
        X509_STORE_add_cert(store, parsed->certificates[parsed->count - 1]) != 1)
        return false;
    for (size_t i = 1; i + 1 < parsed->count; i++)
        if (sk_X509_push(others, parsed->certificates[i]) <= 0)
            return false;
    if (X509_STORE_CTX_init(path, store, parsed->certificates[0], others) != 1)
        return false;
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(path);
    X509_VERIFY_PARAM_set_time(rules, (time_t)(now_ms / 1000));
    X509_VERIFY_PARAM_set_auth_level(rules, STRENGTH_LEVEL);
    return X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER) == 1 &&
           X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
           X509_verify_cert(path) == 1;
}

static bool has_name(X509 *leaf, const char *name) {
    uint8_t address[sizeof(struct in6_addr)];
    bool is_address =
        inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
    return is_address ? X509_check_ip_asc(leaf, name, 0) == 1
                      : X509_check_host(leaf, name, 0, HOST_FLAGS, NULL) == 1;
}

/* The name at ${*at}, without the spaces around it; ${*at} then stands behind its comma. */
static void take_name(const char **at, char name[static TLS_CHAIN_NAME_SIZE]) {
    const char *begin = *at + strspn(*at, " ,");
    size_t len = strcspn(begin, ",");
    *at = begin + len;
    while (len > 0 && begin[len - 1] == ' ')
        len--;
    if (len >= TLS_CHAIN_NAME_SIZE) /* no host has such a name: it will be missing */
        len = TLS_CHAIN_NAME_SIZE - 1;
    memcpy(name, begin, len);
    name[len] = '\0';
}

static enum tls_chain_fault judge_names(X509 *leaf, const char *names,
                                        struct tls_chain_read *answer) {
    char name[TLS_CHAIN_NAME_SIZE];
    for (const char *at = names; *at != '\0';) {
        take_name(&at, name);
        if (name[0] == '\0' || has_name(leaf, name))
            continue;
        memcpy(answer->missing, name, sizeof answer->missing);
        return at_fault(answer, TLS_CHAIN_NAME, 0);
    }
    return TLS_CHAIN_GOOD;
}

static enum tls_chain_fault judge(const struct tls_chain_question *question,
                                  const struct parsed *parsed, struct tls_chain_read *answer) {
    enum tls_chain_fault fault = judge_each(parsed, question->now_ms, answer);
    if (fault == TLS_CHAIN_GOOD && !is_for_server(parsed->certificates[0]))
        fault = at_fault(answer, TLS_CHAIN_SERVER, 0);
    if (fault == TLS_CHAIN_GOOD)
        fault = judge_order(question, parsed, answer);
    if (fault == TLS_CHAIN_GOOD && parsed->count > 1 && !verifies(parsed, question->now_ms))
        fault = at_fault(answer, TLS_CHAIN_PATH, parsed->count - 1);
    if (fault == TLS_CHAIN_GOOD)
        fault = judge_names(parsed->certificates[0], question->names, answer);
    return fault;
}

void tls_chain_read(const struct tls_chain_question *question, struct buffer *workspace,
                    struct tls_chain_read *answer) {
    __attribute__((cleanup(free_parsed))) struct parsed parsed = {0};
    *answer = (struct tls_chain_read){.fault = TLS_CHAIN_UNREADABLE};
    answer->fault = parse(question, &parsed, answer);
    if (answer->fault == TLS_CHAIN_GOOD)
        answer->fault = describe(question, &parsed, workspace, answer);
    if (answer->fault == TLS_CHAIN_GOOD && question->judged)
        answer->fault = judge(question, &parsed, answer);
    ERR_clear_error();
}
