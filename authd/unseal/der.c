#include <limits.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/der.h"

#define SEQUENCE (V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE)
#define VERSION  (V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED)

/* The lines around what counts in a PEM file. */
struct armour {
    const char *begin, *end;
};
static const struct armour of_certificate = {"-----BEGIN CERTIFICATE-----",
                                             "-----END CERTIFICATE-----"};
static const struct armour of_request = {"-----BEGIN CERTIFICATE REQUEST-----",
                                         "-----END CERTIFICATE REQUEST-----"};
/* RFC 7468 §7 has programs read this name too. */
static const struct armour of_new_request = {"-----BEGIN NEW CERTIFICATE REQUEST-----",
                                             "-----END NEW CERTIFICATE REQUEST-----"};

/*
 * Takes one element off ${view} whose first byte is ${identifier}; ${content} is what is inside. Of
 * definite length: OpenSSL says 0x20 or 0 then, and has bits set above when the length is wrong.
 */
static bool take_element(struct bytes *view, uint8_t identifier, struct bytes *content) {
    const unsigned char *at = view->data;
    long len = 0;
    int tag = 0, class = 0;
    if (view->len == 0 || view->len > LONG_MAX || view->data[0] != identifier)
        return false;
    int form = ASN1_get_object(&at, &len, &tag, &class, (long)view->len);
    if (form != (identifier & V_ASN1_CONSTRUCTED))
        return false;
    *content = bytes_of(at, (size_t)len);
    size_t taken = (size_t)(at - view->data) + (size_t)len;
    *view = bytes_of(view->data + taken, view->len - taken);
    return true;
}

/*
 * RFC 5280 §4.1: SEQUENCE of tbsCertificate, signatureAlgorithm and signatureValue, and no more. A
 * request is framed alike (RFC 2986 §4.2).
 */
static bool is_framed(struct bytes der) {
    struct bytes inside, part;
    bool framed = der.len <= DER_CERTIFICATE_MAX && take_element(&der, SEQUENCE, &inside) &&
                  der.len == 0 && take_element(&inside, SEQUENCE, &part) &&
                  take_element(&inside, SEQUENCE, &part) &&
                  take_element(&inside, V_ASN1_BIT_STRING, &part) && inside.len == 0;
    if (!framed)
        ERR_clear_error();
    return framed;
}

/* RFC 5280 §4.1: version, serialNumber, signature, issuer, validity and subject come first. */
enum err der_names(struct bytes certificate, struct bytes *issuer, struct bytes *subject) {
    struct bytes outer, inside, part;
    bool found =
        take_element(&certificate, SEQUENCE, &outer) && take_element(&outer, SEQUENCE, &inside);
    if (found && inside.len > 0 && inside.data[0] == VERSION)
        found = take_element(&inside, VERSION, &part);
    found = found && take_element(&inside, V_ASN1_INTEGER, &part) &&
            take_element(&inside, SEQUENCE, &part) && take_element(&inside, SEQUENCE, issuer) &&
            take_element(&inside, SEQUENCE, &part) && take_element(&inside, SEQUENCE, subject);
    if (found)
        return ERR_OK;
    ERR_clear_error();
    *issuer = *subject = bytes_of(NULL, 0);
    return ERR_MALFORMED;
}

static enum err decode_pem(struct bytes text, const struct armour *armour, struct buffer *workspace,
                           struct bytes *der) {
    const uint8_t *begin = memmem(text.data, text.len, armour->begin, strlen(armour->begin));
    if (begin == NULL)
        return ERR_MALFORMED;
    begin += strlen(armour->begin);
    size_t left = text.len - (size_t)(begin - text.data);
    const uint8_t *end = memmem(begin, left, armour->end, strlen(armour->end));
    if (end == NULL)
        return ERR_MALFORMED;
    return decode_base64(bytes_of(begin, (size_t)(end - begin)), CODEC_SKIP_NEWLINES, workspace,
                         der);
}

static enum err find(struct bytes encoded, const struct armour *armour, struct buffer *workspace,
                     struct bytes *der) {
    *der = bytes_of(NULL, 0);
    struct bytes found = encoded;
    if (encoded.len == 0)
        return ERR_MALFORMED;
    if (encoded.data[0] != SEQUENCE)
        ERR_TRY(decode_pem(encoded, armour, workspace, &found));
    if (!is_framed(found))
        return ERR_MALFORMED;
    *der = found;
    return ERR_OK;
}

enum err der_certificate(struct bytes encoded, struct buffer *workspace, struct bytes *der) {
    return find(encoded, &of_certificate, workspace, der);
}

enum err der_request(struct bytes encoded, struct buffer *workspace, struct bytes *der) {
    bool is_new = memmem(encoded.data, encoded.len, of_new_request.begin,
                         strlen(of_new_request.begin)) != NULL;
    return find(encoded, is_new ? &of_new_request : &of_request, workspace, der);
}
