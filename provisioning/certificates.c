#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/clock.h"
#include "firmware/base/scope.h"
#include "provisioning/certificates.h"

void certificates_free_anchors(struct certificates_anchors **anchors) {
    free(*anchors);
}

enum err certificates_load_anchors(struct change *change, const char *domain,
                                   struct certificates_anchors **anchors) {
    struct certificates_anchors *made = calloc(1, sizeof *made);
    *anchors = made;
    if (made == NULL)
        return change_registry(change, ERR_SYSTEM);
    struct buffer memory = buffer_over(made->memory, sizeof made->memory);
    return change_registry(change,
                           registry_anchors(change->provd->registry, domain, &memory, made->der,
                                            CERTIFICATES_ANCHORS_MAX, &made->count));
}

static const struct {
    enum err status;
    enum officer_reason reason;
} reasons[] = {
    {ERR_MALFORMED, OFFICER_REASON_CERTIFICATE},
    {ERR_EXPIRED, OFFICER_REASON_CERTIFICATE_EXPIRED},
    {ERR_CRYPTO, OFFICER_REASON_CERTIFICATE_UNTRUSTED},
    {ERR_DENIED, OFFICER_REASON_CERTIFICATE_WEAK},
};

static enum err refuse(struct change *change, const struct certificates_question *question,
                       const struct unseal_certificate_read *read) {
    char detail[OFFICER_DETAIL_SIZE];
    if (read->status == ERR_DENIED && question->key == CERTIFICATE_KEY_P256) {
        (void)snprintf(detail, sizeof detail, "%s:%s", question->purpose, read->key_name);
        return change_refuse(change, ERR_DENIED, OFFICER_REASON_CERTIFICATE_NOT_P256, detail);
    }
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == read->status)
            return change_refuse(change, read->status, reasons[i].reason, question->purpose);
    return change_refuse(change, read->status, OFFICER_REASON_UNSEAL, err_text(read->status));
}

enum err certificates_read(struct change *change, const struct certificates_question *question,
                           struct secret *answer, struct unseal_certificate_read *read) {
    struct unseal_certificate asked = {
        .encoded = question->encoded, .key = question->key, .now_ms = clock_wall_ms()};
    *read = (struct unseal_certificate_read){.status = ERR_MALFORMED};
    if (asked.encoded.len == 0)
        return refuse(change, question, read);
    if (question->anchors != NULL) {
        asked.anchor_count = question->anchors->count;
        memcpy(asked.anchors, question->anchors->der, sizeof asked.anchors);
    }
    size_t size = asked.encoded.len + sizeof question->anchors->memory + 1024;
    SCOPE_MEMORY uint8_t *memory = malloc(size);
    if (memory == NULL)
        return change_registry(change, ERR_SYSTEM);
    struct buffer buffer = buffer_over(memory, size);
    struct bytes written;
    unseal_wire_put_certificate(&buffer, &asked);
    ERR_TRY(buffer_end(&buffer, &written));
    if (provd_peers_ask_unseal(change->provd->peers, UNSEAL_CERTIFICATE, written, answer) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, NULL);
    if (unseal_wire_get_certificate_read(secret_view(answer), read) != ERR_OK)
        return change_refuse(change, ERR_UNAVAILABLE, OFFICER_REASON_UNSEAL, "answer");
    return read->status == ERR_OK ? ERR_OK : refuse(change, question, read);
}
