#include <stdlib.h>
#include <string.h>

#include "authd/core/programmes.h"

#include "authd/core/programme_check.h"

/* What was asked for, and what was found. */
struct kept {
    bool is_jose;
    char partner_id[UNSEAL_SEGMENT_SIZE], key[UNSEAL_SEGMENT_SIZE], licence[UNSEAL_SEGMENT_SIZE];
    struct partner partner;
    struct api_key api_key;
    struct policy policy;
    struct misp misp;
    struct jose_client client;
};

struct programmes {
    uint64_t sequence; /* of the registry that the rows are from */
    size_t count, next;
    struct kept kept[PROGRAMMES_KEPT];
};

enum err programmes_new(struct programmes **programmes) {
    *programmes = calloc(1, sizeof(**programmes));
    return *programmes != NULL ? ERR_OK : ERR_FULL;
}

void programmes_free(struct programmes *programmes) {
    if (programmes != NULL)
        secret_wipe(programmes, sizeof(*programmes)); /* API keys are in it */
    free(programmes);
}

static bool is_of(const struct kept *kept, const struct request *request) {
    const struct envelope *envelope = &request->envelope;
    return kept->is_jose == request_is_jose(request) && strcmp(kept->key, envelope->api_key) == 0 &&
           strcmp(kept->partner_id, envelope->partner_id) == 0 &&
           strcmp(kept->licence, envelope->misp_license_key) == 0;
}

static void give(const struct kept *kept, struct request *request) {
    request->has_partner = request->has_api_key = request->has_policy = true;
    request->partner = kept->partner;
    request->api_key = kept->api_key;
    request->policy = kept->policy;
    request->has_misp = !kept->is_jose;
    request->misp = kept->misp;
    request->jose.has_client = kept->is_jose;
    request->jose.client = kept->client;
}

static enum err load(struct registry *registry, struct request *request) {
    ERR_TRY(programme_load(registry, request));
    if (!request_is_jose(request) || !request->has_partner)
        return ERR_OK;
    enum err result =
        registry_jose_client(registry, request->envelope.partner_id, &request->jose.client);
    request->jose.has_client = result == ERR_OK;
    return result == ERR_NOT_FOUND ? ERR_OK : result;
}

static bool is_whole(const struct request *request) {
    bool has_own = request_is_jose(request) ? request->jose.has_client : request->has_misp;
    return request->has_partner && request->has_api_key && request->has_policy && has_own;
}

static void keep(struct programmes *programmes, const struct request *request) {
    const struct envelope *envelope = &request->envelope;
    struct kept *kept = &programmes->kept[programmes->next];
    programmes->next = (programmes->next + 1) % PROGRAMMES_KEPT;
    if (programmes->count < PROGRAMMES_KEPT)
        programmes->count++;
    *kept = (struct kept){.is_jose = request_is_jose(request),
                          .partner = request->partner,
                          .api_key = request->api_key,
                          .policy = request->policy,
                          .misp = request->misp,
                          .client = request->jose.client};
    memcpy(kept->partner_id, envelope->partner_id, sizeof(kept->partner_id));
    memcpy(kept->key, envelope->api_key, sizeof(kept->key));
    memcpy(kept->licence, envelope->misp_license_key, sizeof(kept->licence));
}

/* What an officer took back is not even in memory any more. */
static void start_over(struct programmes *programmes, uint64_t sequence) {
    secret_wipe(programmes->kept, programmes->count * sizeof(programmes->kept[0]));
    programmes->count = programmes->next = 0;
    programmes->sequence = sequence;
}

enum err programmes_load(struct programmes *programmes, struct registry *registry,
                         struct request *request) {
    uint64_t sequence = 0;
    /* Before the rows: those that are newer are read again the next time. */
    ERR_TRY(registry_sequence(registry, &sequence));
    if (sequence != programmes->sequence)
        start_over(programmes, sequence);
    for (size_t i = 0; i < programmes->count; i++) {
        if (is_of(&programmes->kept[i], request)) {
            give(&programmes->kept[i], request);
            return ERR_OK;
        }
    }
    ERR_TRY(load(registry, request));
    if (is_whole(request))
        keep(programmes, request);
    return ERR_OK;
}
