#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "authd/edge/clients.h"
#include "authd/edge/lane.h"
#include "authd/edge/settings.h"
#include "authd/edge/tls.h"
#include "firmware/base/boot.h"
#include "firmware/base/confine.h"
#include "firmware/base/log.h"

#define SECRET_BYTES      (256u * 1024u)
#define DESCRIPTORS_SPARE 256 /* beside connections and signers: loops, sockets, events */

struct edge {
    struct boot boot;
    struct settings settings;
    struct tls tls;
    struct clients *clients;
    size_t lane_count;
    struct lane *lanes[BOOT_LISTENERS_MAX];
    struct serve *serve; /* of the control socket; the lanes have their own */
};

static void edge_close(struct edge *edge) {
    for (size_t i = 0; i < BOOT_LISTENERS_MAX; i++)
        lane_close(edge->lanes[i]);
    serve_close(edge->serve);
    clients_close(edge->clients);
    tls_close(&edge->tls);
}

static enum err read_settings(struct edge *edge) {
    struct conf_problem problem;
    enum err err = conf_parse(bytes_of(edge->boot.settings, edge->boot.settings_len), settings_keys,
                              settings_key_count, &edge->settings, &problem);
    if (err == ERR_OK)
        err =
            tls_load(&edge->tls, edge->settings.tls_key, edge->settings.tls_certificate, &problem);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "settings-refused", "%s", problem.text);
    return err;
}

static enum err open_lane(struct edge *edge, size_t i) {
    bool jose = edge->boot.listener_count > edge->lane_count;
    struct lane_options options = {
        .index = (unsigned)i,
        .settings = &edge->settings,
        .tls = &edge->tls,
        .clients = edge->clients,
        .listener = edge->boot.listeners[i],
        .listener_jose = jose ? edge->boot.listeners[edge->lane_count + i] : -1,
        .core_fd = boot_peer_fd(&edge->boot, "core", 0, (uint16_t)i),
        .pulse = i + 1 < PULSE_SLOTS ? &edge->boot.pulse[i + 1] : NULL,
    };
    if (options.core_fd < 0) {
        log_event(LOG_ERROR, "no-core-socket", "lane=%zu", i);
        return ERR_CONFIG;
    }
    for (uint16_t signer = 0; signer < SIGNERS_MAX; signer++) {
        int fd = boot_peer_fd(&edge->boot, "hsm", signer, (uint16_t)i);
        if (fd >= 0)
            options.signer_fds[options.signer_count++] = fd;
    }
    return lane_open(&edge->lanes[i], &options);
}

/* A lane for each socket to core; a listener for each lane, or two. */
static enum err count_lanes(struct edge *edge) {
    size_t lanes = 0, listeners = edge->boot.listener_count;
    while (lanes < BOOT_LISTENERS_MAX && boot_peer_fd(&edge->boot, "core", 0, (uint16_t)lanes) >= 0)
        lanes++;
    if (lanes == 0 || lanes > BOOT_LISTENERS_MAX / 2 ||
        (listeners != lanes && listeners != 2 * lanes)) {
        log_event(LOG_ERROR, "wrong-listeners", "lanes=%zu listeners=%zu", lanes, listeners);
        return ERR_CONFIG;
    }
    edge->lane_count = lanes;
    return ERR_OK;
}

static enum err open_lanes(struct edge *edge) {
    ERR_TRY(count_lanes(edge));
    ERR_TRY(clients_open(&edge->clients, (size_t)edge->settings.connections,
                         (size_t)edge->settings.connections_a_client));
    for (size_t i = 0; i < edge->lane_count; i++)
        ERR_TRY(open_lane(edge, i));
    tls_forget_key(&edge->tls);
    return ERR_OK;
}

/* A lane that can't accept for want of descriptors would spin: rather not start. */
static enum err check_descriptors(unsigned needed) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return ERR_SYSTEM;
    if (limit.rlim_max >= needed)
        return ERR_OK;
    log_event(
        LOG_ERROR, "too-few-descriptors",
        "needed=%u limit=%llu: raise the limit (ulimit -Hn, LimitNOFILE=) or lower connections",
        needed, (unsigned long long)limit.rlim_max);
    return ERR_CONFIG;
}

static enum err confine(const struct edge *edge) {
    const struct confine_plan plan = {
        .process = "authd-edge",
        .network = CONFINE_ACCEPT,
        .threads = true,
        .descriptors = (unsigned)edge->settings.connections + DESCRIPTORS_SPARE +
                       (unsigned)(edge->boot.peer_count - edge->lane_count),
    };
    ERR_TRY(check_descriptors(plan.descriptors));
    return confine_enter(&plan);
}

static void note_signer(const struct edge *edge, uint16_t signer, bool serves) {
    for (size_t i = 0; i < edge->lane_count; i++)
        lane_note_signer(edge->lanes[i], signer, serves);
}

static void peer_down(void *context, const char *role, uint16_t index) {
    struct edge *edge = context;
    if (bytes_equal_text(bytes_of_text(role), "hsm"))
        note_signer(edge, index, false);
    if (!bytes_equal_text(bytes_of_text(role), "core"))
        return;
    for (size_t i = 0; i < edge->lane_count; i++)
        lane_core_down(edge->lanes[i]);
}

static void peer_up(void *context, const char *role, uint16_t index) {
    if (bytes_equal_text(bytes_of_text(role), "hsm"))
        note_signer(context, index, true);
}

static enum err serve_until_stopped(struct edge *edge) {
    const struct boot_control control = {
        .peer_down = peer_down, .peer_up = peer_up, .context = edge};
    for (size_t i = 0; i < edge->lane_count; i++)
        ERR_TRY(lane_start(edge->lanes[i]));
    ERR_TRY(boot_ready(&edge->boot, edge->serve, &control));
    return serve_run(edge->serve);
}

static enum err start(struct edge *edge) {
    if (secret_arena_open(SECRET_BYTES) != ERR_OK) {
        log_event(LOG_ERROR, "no-locked-memory", "bytes=%u", SECRET_BYTES);
        return ERR_SYSTEM;
    }
    ERR_TRY(read_settings(edge));
    ERR_TRY(serve_open(&edge->serve, &edge->boot.pulse[0]));
    ERR_TRY(open_lanes(edge));
    ERR_TRY(confine(edge));
    return serve_until_stopped(edge);
}

int main(int argc, char **argv) {
    static struct edge edge;
    const struct boot_program program = {
        .name = "authd-edge",
        .summary = "takes requests over HTTPS and hands them to the core",
        .keys = settings_keys,
        .key_count = settings_key_count,
    };
    bool finished = false;
    enum err err = boot_receive(argc, argv, &program, &edge.boot, &finished);
    if (err != ERR_OK || finished)
        return boot_exit_code(err);
    err = start(&edge);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "edge-ended", "reason=%s", err_text(err));
    edge_close(&edge);
    return boot_exit_code(err);
}
