#include <limits.h>
#include <stdbool.h>

#include <openssl/asn1.h>
#include <openssl/err.h>

#include "hsm/certificate_key.h"

#define SEQUENCE (V_ASN1_CONSTRUCTED | V_ASN1_SEQUENCE)
#define VERSION  (V_ASN1_CONTEXT_SPECIFIC | V_ASN1_CONSTRUCTED)

/*
 * Takes one element off ${view} whose first byte is ${identifier}; ${content} is what is inside. Of
 * definite length: OpenSSL says 0x20 or 0 then, and has bits set above when the length is wrong.
 */
static bool take(struct bytes *view, uint8_t identifier, struct bytes *content) {
    const unsigned char *at = view->data;
    long len = 0;
    int tag = 0, class = 0;
    if (view->len == 0 || view->len > LONG_MAX || view->data[0] != identifier)
        return false;
    if (ASN1_get_object(&at, &len, &tag, &class, (long)view->len) !=
        (identifier & V_ASN1_CONSTRUCTED))
        return false;
    *content = bytes_of(at, (size_t)len);
    size_t taken = (size_t)(at - view->data) + (size_t)len;
    *view = bytes_of(view->data + taken, view->len - taken);
    return true;
}

/* version, serialNumber, signature, issuer, validity and subject come first. */
static bool find(struct bytes der, struct bytes *public_key) {
    static const uint8_t before[] = {V_ASN1_INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE};
    struct bytes outer, inside, part;
    if (!take(&der, SEQUENCE, &outer) || der.len != 0 || !take(&outer, SEQUENCE, &inside))
        return false;
    if (inside.len > 0 && inside.data[0] == VERSION && !take(&inside, VERSION, &part))
        return false;
    for (size_t i = 0; i < sizeof before; i++)
        if (!take(&inside, before[i], &part))
            return false;
    const uint8_t *begin = inside.data;
    if (!take(&inside, SEQUENCE, &part))
        return false;
    *public_key = bytes_of(begin, (size_t)(inside.data - begin));
    return true;
}

enum err certificate_key_of(struct bytes der, struct bytes *public_key) {
    *public_key = bytes_of(NULL, 0);
    if (find(der, public_key))
        return ERR_OK;
    ERR_clear_error();
    return ERR_CRYPTO;
}
