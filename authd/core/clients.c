#include <stdlib.h>
#include <string.h>

#include "authd/core/clients.h"

#include "firmware/base/clock.h"
#include "firmware/base/log.h"

enum { RETRY_MS = 1000 };

struct listing {
    struct edge_client *clients; /* EDGE_CLIENTS_MAX */
    size_t count, left_out;
};

static enum err add(void *context, const struct jose_client *client) {
    struct listing *listing = context;
    if (listing->count == EDGE_CLIENTS_MAX) {
        listing->left_out++;
        return ERR_OK;
    }
    struct edge_client *entry = &listing->clients[listing->count++];
    memcpy(entry->thumbprint, client->tls_thumbprint, sizeof(entry->thumbprint));
    entry->not_before_ms = client->tls_not_before_ms;
    entry->not_after_ms = client->tls_not_after_ms;
    return ERR_OK;
}

static enum err send(struct lane *lane, const struct listing *listing) {
    struct buffer payload = buffer_over(lane->scratch, FRAME_PAYLOAD_MAX);
    struct frame frame = {.type = EDGE_CLIENTS};
    edge_wire_put_clients(&payload, listing->clients, listing->count);
    ERR_TRY(buffer_end(&payload, &frame.payload));
    return serve_send(lane->edge, &frame);
}

static enum err tell(struct lane *lane) {
    struct listing listing = {.clients = calloc(EDGE_CLIENTS_MAX, sizeof(*listing.clients))};
    enum err result = listing.clients != NULL ? ERR_OK : ERR_FULL;
    if (result == ERR_OK)
        result = registry_each_jose_client(lane->core->registry, add, &listing);
    if (result == ERR_OK || result == ERR_UNAVAILABLE) { /* the rest is as good as ever */
        enum err sent = send(lane, &listing);
        result = result == ERR_OK ? sent : result;
    }
    if (result != ERR_OK || listing.left_out > 0)
        log_event(LOG_ERROR, "clients-not-told", "lane=%u why=%s left-out=%zu", lane->index,
                  err_text(result), listing.left_out);
    free(listing.clients);
    return result;
}

void clients_changed(struct core *core) {
    atomic_fetch_add(&core->clients_version, 1);
    for (unsigned i = 0; i < core->lane_count; i++)
        lane_wake(&core->lanes[i]);
}

int clients_turn(struct lane *lane) {
    struct core *core = lane->core;
    int64_t now_ms = clock_boot_ms();
    unsigned version = atomic_load(&core->clients_version);
    bool may = core->settings.issuer[0] != '\0' && atomic_load(&core->opened);
    if (version == lane->clients_told || !may || lane->edge == NULL)
        return -1;
    if (now_ms < lane->clients_retry_ms)
        return (int)(lane->clients_retry_ms - now_ms);
    if (tell(lane) == ERR_OK) {
        lane->clients_told = version;
        return -1;
    }
    lane->clients_retry_ms = now_ms + RETRY_MS;
    return RETRY_MS;
}

void clients_forget(struct lane *lane) {
    lane->clients_told = 0;
    lane->clients_retry_ms = 0;
}
