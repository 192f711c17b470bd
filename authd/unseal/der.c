#include <limits.h>
#include <string.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/der.h"

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END   "-----END CERTIFICATE-----"

/* Takes one DER element of ${tag} off ${view}; ${content} is what is inside. */
static bool take_element(struct bytes *view, int tag, bool constructed, struct bytes *content) {
    const unsigned char *at = view->data;
    long len = 0;
    int found = 0, class = 0;
    if (view->len == 0 || view->len > LONG_MAX)
        return false;
    int form = ASN1_get_object(&at, &len, &found, &class, (long)view->len);
    if (form != (constructed ? V_ASN1_CONSTRUCTED : 0) || class != V_ASN1_UNIVERSAL || found != tag)
        return false;
    *content = bytes_of(at, (size_t)len);
    size_t taken = (size_t)(at - view->data) + (size_t)len;
    *view = bytes_of(view->data + taken, view->len - taken);
    return true;
}

/* RFC 5280 §4.1: SEQUENCE of tbsCertificate, signatureAlgorithm and signatureValue, and no more. */
static bool is_framed(struct bytes der) {
    struct bytes inside, part;
    bool framed = der.len <= DER_CERTIFICATE_MAX &&
                  take_element(&der, V_ASN1_SEQUENCE, true, &inside) && der.len == 0 &&
                  take_element(&inside, V_ASN1_SEQUENCE, true, &part) &&
                  take_element(&inside, V_ASN1_SEQUENCE, true, &part) &&
                  take_element(&inside, V_ASN1_BIT_STRING, false, &part) && inside.len == 0;
    if (!framed)
        ERR_clear_error();
    return framed;
}

static enum err decode_pem(struct bytes text, struct buffer *workspace, struct bytes *der) {
    const uint8_t *begin = memmem(text.data, text.len, PEM_BEGIN, strlen(PEM_BEGIN));
    if (begin == NULL)
        return ERR_MALFORMED;
    begin += strlen(PEM_BEGIN);
    size_t left = text.len - (size_t)(begin - text.data);
    const uint8_t *end = memmem(begin, left, PEM_END, strlen(PEM_END));
    if (end == NULL)
        return ERR_MALFORMED;
    return decode_base64(bytes_of(begin, (size_t)(end - begin)), CODEC_SKIP_NEWLINES, workspace,
                         der);
}

enum err der_certificate(struct bytes encoded, struct buffer *workspace, struct bytes *der) {
    *der = bytes_of(NULL, 0);
    struct bytes found = encoded;
    if (encoded.len == 0)
        return ERR_MALFORMED;
    if (encoded.data[0] != (V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE))
        ERR_TRY(decode_pem(encoded, workspace, &found));
    if (!is_framed(found))
        return ERR_MALFORMED;
    *der = found;
    return ERR_OK;
}
