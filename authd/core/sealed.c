#include <stdlib.h>
#include <string.h>

#include "authd/core/sealed.h"

enum err sealed_keep(struct request *request) {
    struct envelope *envelope = &request->envelope;
    struct bytes *views[] = {&envelope->jws_signature, &envelope->thumbprint.data,
                             &envelope->session_key.data, &envelope->request.data,
                             &envelope->request_hmac.data};
    size_t total = 1, at = 0;
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
        total += views[i]->len;
    request->sealed = malloc(total);
    if (request->sealed == NULL)
        return ERR_FULL;
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        if (views[i]->len > 0)
            memcpy(request->sealed + at, views[i]->data, views[i]->len);
        views[i]->data = request->sealed + at;
        at += views[i]->len;
    }
    return ERR_OK;
}

void sealed_check(struct request *request) {
    const struct {
        const struct blob_field *field;
        const char *name;
    } members[] = {{&request->envelope.request_hmac, "requestHMAC"},
                   {&request->envelope.session_key, "requestSessionKey"},
                   {&request->envelope.request, "request"}};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        bool present = members[i].field->presence > FIELD_NULL;
        if (present && !members[i].field->malformed && members[i].field->data.len > 0)
            continue;
        if (present)
            request_refuse_filter(request, MOSIP_MPA_003, "", "sealed-member-malformed");
        else
            request_refuse_filter(request, MOSIP_MLC_006, members[i].name, "sealed-member-missing");
        return;
    }
    if (request->envelope.thumbprint.presence > FIELD_NULL &&
        request->envelope.thumbprint.malformed)
        request_refuse_filter(request, MOSIP_MPA_003, "", "thumbprint-malformed");
}
