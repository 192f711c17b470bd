#include <time.h>

#include "authd/unseal/certificate_field.h"

void certificate_field_name(const X509_NAME *name, char *text, size_t size) {
    text[0] = '\0';
    int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0)
        return;
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
    const unsigned char *characters = ASN1_STRING_get0_data(value);
    size_t len = (size_t)ASN1_STRING_length(value);
    size_t shown = len < size - 1 ? len : size - 1;
    for (size_t i = 0; i < shown; i++)
        text[i] = characters[i] >= 0x20 && characters[i] < 0x7f ? (char)characters[i] : '?';
    text[shown] = '\0';
}

enum err certificate_field_time(const ASN1_TIME *time, int64_t *wall_ms) {
    struct tm parts;
    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return ERR_MALFORMED;
    *wall_ms = (int64_t)timegm(&parts) * 1000;
    return ERR_OK;
}

enum err certificate_field_key(const X509 *certificate, struct buffer *workspace,
                               struct bytes *public_key) {
    unsigned char *encoded = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
    if (len <= 0)
        return ERR_MALFORMED;
    size_t start = workspace->len;
    buffer_raw(workspace, encoded, (size_t)len);
    OPENSSL_free(encoded);
    if (workspace->err != ERR_OK)
        return workspace->err;
    *public_key = bytes_of(workspace->data + start, (size_t)len);
    return ERR_OK;
}
