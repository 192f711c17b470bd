#include <stdlib.h>
#include <string.h>

#include "authd/edge/registered.h"

static int compare(const void *left, const void *right) {
    const struct edge_client *one = left, *other = right;
    return memcmp(one->thumbprint, other->thumbprint, EDGE_THUMBPRINT_BYTES);
}

enum err registered_replace(struct registered *registered, struct bytes payload) {
    ERR_TRY(edge_wire_get_clients(payload, registered->clients, &registered->count));
    qsort(registered->clients, registered->count, sizeof *registered->clients, compare);
    return ERR_OK;
}

enum err registered_check(const struct registered *registered,
                          const uint8_t thumbprint[static EDGE_THUMBPRINT_BYTES], int64_t wall_ms) {
    struct edge_client shown = {0};
    memcpy(shown.thumbprint, thumbprint, sizeof shown.thumbprint);
    const struct edge_client *client =
        bsearch(&shown, registered->clients, registered->count, sizeof shown, compare);
    if (client == NULL)
        return ERR_NOT_FOUND;
    bool in_time = wall_ms >= client->not_before_ms && wall_ms <= client->not_after_ms;
    return in_time ? ERR_OK : ERR_EXPIRED;
}
