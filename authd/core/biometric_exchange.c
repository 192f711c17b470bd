#include <stdlib.h>
#include <string.h>

#include "authd/core/biometric_exchange.h"

/* The block is parsed where it will stay, for the segments have views of it. */
static enum err fill(struct biometric_exchange *exchange, const struct payload *payload) {
    size_t text_len = payload->biometrics_text.len, block_len = payload->biometric_segments.len;
    exchange->memory_len = text_len + block_len;
    exchange->memory = malloc(exchange->memory_len + 1);
    if (exchange->memory == NULL)
        return ERR_FULL;
    if (text_len > 0)
        memcpy(exchange->memory, payload->biometrics_text.data, text_len);
    if (block_len > 0)
        memcpy(exchange->memory + text_len, payload->biometric_segments.data, block_len);
    exchange->text = bytes_of(exchange->memory, text_len);
    return sample_wire_get_segments(bytes_of(exchange->memory + text_len, block_len),
                                    &exchange->segments);
}

enum err biometric_exchange_begin(struct request *request, const struct payload *payload,
                                  struct biometric_workspace *workspace) {
    struct biometric_exchange *exchange = calloc(1, sizeof(*exchange));
    enum err result = exchange != NULL ? fill(exchange, payload) : ERR_FULL;
    if (result == ERR_OK)
        result = secret_new(&exchange->keys, sizeof(((struct samples_question *)0)->keys));
    if (result != ERR_OK) {
        biometric_exchange_free(exchange);
        return result;
    }
    exchange->workspace = workspace;
    request->biometric = exchange;
    request->factors |= biometric_exchange_factors(&exchange->segments);
    return ERR_OK;
}

static void forget(uint8_t **memory, size_t *len) {
    if (*memory != NULL)
        secret_wipe(*memory, *len);
    free(*memory);
    *memory = NULL;
    *len = 0;
}

enum err biometric_exchange_keep(struct biometric_exchange *exchange, struct bytes samples) {
    exchange->samples = malloc(samples.len + 1);
    if (exchange->samples == NULL)
        return ERR_FULL;
    memcpy(exchange->samples, samples.data, samples.len);
    exchange->samples_len = samples.len;
    secret_free(&exchange->keys);
    for (size_t i = 0; i < exchange->segments.count; i++) {
        struct biometric_segment *segment = &exchange->segments.segments[i];
        segment->hash.data = segment->session_key.data = segment->thumbprint.data =
            bytes_of(NULL, 0);
    }
    exchange->text = bytes_of(NULL, 0);
    forget(&exchange->memory, &exchange->memory_len);
    return ERR_OK;
}

enum err biometric_exchange_samples(const struct biometric_exchange *exchange,
                                    struct samples *samples) {
    if (exchange->samples == NULL)
        return ERR_DENIED;
    return sample_wire_get_samples(bytes_of(exchange->samples, exchange->samples_len), samples);
}

void biometric_exchange_free(struct biometric_exchange *exchange) {
    if (exchange == NULL)
        return;
    secret_free(&exchange->keys);
    secret_free(&exchange->enrolled);
    forget(&exchange->memory, &exchange->memory_len);
    forget(&exchange->samples, &exchange->samples_len);
    secret_wipe(exchange, sizeof(*exchange));
    free(exchange);
}

uint32_t biometric_exchange_factors(const struct biometric_segments *segments) {
    static const uint32_t factors[] = {
        [BIOMETRIC_CAPTURE_NONE] = 0,
        [BIOMETRIC_CAPTURE_FINGER] = AUTH_TYPE_BIT(AUTH_TYPE_BIO_FINGER),
        [BIOMETRIC_CAPTURE_MINUTIAE] = AUTH_TYPE_BIT(AUTH_TYPE_BIO_FMR),
        [BIOMETRIC_CAPTURE_IRIS] = AUTH_TYPE_BIT(AUTH_TYPE_BIO_IRIS),
        [BIOMETRIC_CAPTURE_FACE] = AUTH_TYPE_BIT(AUTH_TYPE_BIO_FACE),
    };
    uint32_t set = 0;
    for (size_t i = 0; i < segments->count; i++)
        set |= factors[segments->segments[i].capture];
    return set;
}
