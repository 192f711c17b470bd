#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "provisioning/officer_wire.h"
#include "provisioning/officers.h"

#define PLACES      (OFFICERS_MAX + OFFICERS_ROOT_MAX)
#define GROUPS_MAX  512
#define BACKLOG     16
#define SOCKET_MODE 0660

/* One connection. */
struct officer {
    TAILQ_ENTRY(officer) next; /* in the queue of questions */
    struct officers *officers;
    struct serve_peer *serve_peer; /* NULL: gone, or this place is free */
    int fd;
    uid_t uid;
    bool asking;
    int64_t quiet_since_ms; /* of the boot clock, while it asks nothing */
    struct frame frame;     /* of the open question, without its payload */
    struct secret payload;
};

struct officers {
    struct serve *serve;
    int listener;
    struct officers_gate gate;
    struct officer *current; /* the one whose question is worked on */
    TAILQ_HEAD(, officer) queue;
    struct officer officer[PLACES]; /* the last ones are root's */
};

/* ---- who may come in ---- */

static enum err is_member(int fd, gid_t group) {
    gid_t groups[GROUPS_MAX];
    socklen_t len = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
        return ERR_DENIED;
    for (size_t i = 0; i < len / sizeof *groups; i++)
        if (groups[i] == group)
            return ERR_OK;
    return ERR_DENIED;
}

static bool is_root(const struct officers_gate *gate, uid_t uid) {
    return uid == 0 || (gate->allow_own_uid && uid == geteuid());
}

enum err officers_admit(const struct officers_gate *gate, int fd, uid_t *uid) {
    struct ucred peer = {.uid = (uid_t)-1, .gid = (gid_t)-1};
    socklen_t len = sizeof peer;
    *uid = (uid_t)-1;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 || len != sizeof peer)
        return ERR_DENIED;
    *uid = peer.uid;
    if (is_root(gate, peer.uid))
        return ERR_OK;
    if (!gate->has_group)
        return ERR_DENIED;
    return peer.gid == gate->group ? ERR_OK : is_member(fd, gate->group);
}

static void find_group(const char *name, struct officers_gate *gate) {
    const struct group *group = getgrnam(name);
    char safe[64];
    gate->has_group = group != NULL;
    if (group != NULL)
        gate->group = group->gr_gid;
    else
        log_event(LOG_WARNING, "no-officers-group", "group=%s advice=groupadd",
                  log_safe(name, safe, sizeof safe));
}

/* ---- the socket ---- */

static enum err bind_socket(const char *path, int fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return ERR_CONFIG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (unlink(path) != 0 && errno != ENOENT)
        return ERR_SYSTEM;
    mode_t mask = umask(0777 & ~SOCKET_MODE);
    int bound = bind(fd, (const struct sockaddr *)&address, sizeof address);
    (void)umask(mask);
    return bound == 0 && listen(fd, BACKLOG) == 0 ? ERR_OK : ERR_SYSTEM;
}

/* Members of the group reach the socket only when provd may give it to the group. */
static void give_to_group(const char *path, const struct officers_gate *gate) {
    if (!gate->has_group || chown(path, (uid_t)-1, gate->group) == 0)
        return;
    log_event(LOG_WARNING, "officers-root-only", "error=%d advice=put-provd's-user-into-the-group",
              errno);
}

enum err officers_open(struct officers **officers, const struct officers_options *options) {
    char path[512];
    struct officers *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    TAILQ_INIT(&made->queue);
    made->gate.allow_own_uid = options->allow_own_uid;
    find_group(options->group, &made->gate);
    made->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)snprintf(path, sizeof path, "%s/%s", options->run_directory, OFFICER_SOCKET_NAME);
    enum err err = made->listener < 0 ? ERR_SYSTEM : bind_socket(path, made->listener);
    if (err != ERR_OK) {
        char safe[512];
        log_event(LOG_ERROR, "officer-socket", "path=%s errno=%d error=%s",
                  log_safe(path, safe, sizeof safe), errno, err_text(err));
        officers_close(made);
        return err;
    }
    give_to_group(path, &made->gate);
    *officers = made;
    return ERR_OK;
}

/* ---- connections ---- */

static void end_connection(struct officer *officer) {
    if (officer->serve_peer == NULL)
        return;
    serve_remove_peer(officer->serve_peer);
    officer->serve_peer = NULL;
    (void)close(officer->fd);
    if (!officer->asking || officer == officer->officers->current)
        return;
    TAILQ_REMOVE(&officer->officers->queue, officer, next);
    secret_free(&officer->payload);
    officer->asking = false;
}

static void lost_officer(void *context, struct serve_peer *serve_peer, enum err reason) {
    struct officer *officer = context;
    (void)serve_peer;
    if (reason != ERR_CLOSED)
        log_event(LOG_WARNING, "officer-dropped", "uid=%u reason=%s", officer->uid,
                  err_text(reason));
    end_connection(officer);
}

static enum err take_question(void *context, struct serve_peer *serve_peer,
                              const struct frame *frame) {
    struct officer *officer = context;
    (void)serve_peer;
    if (officer->asking)
        return ERR_MALFORMED;
    ERR_TRY(secret_copy(&officer->payload, frame->payload));
    officer->frame = *frame;
    officer->frame.payload = bytes_of(NULL, 0);
    officer->asking = true;
    TAILQ_INSERT_TAIL(&officer->officers->queue, officer, next);
    return ERR_OK;
}

/* Which of these the state of the box allows is judged, and answered, with the operation. */
static const struct serve_verb officer_verbs[] = {
    {OFFICER_KEY_INITIALISE, SERVE_ANY_STATE, take_question},
    {OFFICER_KEY_LIST, SERVE_ANY_STATE, take_question},
    {OFFICER_KEY_LIFE, SERVE_ANY_STATE, take_question},
    {OFFICER_KEY_ORDER, SERVE_ANY_STATE, take_question},
    {OFFICER_KEY_USAGE, SERVE_ANY_STATE, take_question},
    {OFFICER_ROOT, SERVE_ANY_STATE, take_question},
    {OFFICER_TLS_REQUEST, SERVE_ANY_STATE, take_question},
    {OFFICER_TLS_INSTALL, SERVE_ANY_STATE, take_question},
    {OFFICER_TLS_REMOVE, SERVE_ANY_STATE, take_question},
    {OFFICER_TLS_SHOW, SERVE_ANY_STATE, take_question},
    {OFFICER_CERTIFICATE, SERVE_ANY_STATE, take_question},
    {OFFICER_TRUST_ADD, SERVE_ANY_STATE, take_question},
    {OFFICER_TRUST_LIST, SERVE_ANY_STATE, take_question},
    {OFFICER_TRUST_REMOVE, SERVE_ANY_STATE, take_question},
    {OFFICER_PARTNER_ADD, SERVE_ANY_STATE, take_question},
    {OFFICER_PARTNER_STATUS, SERVE_ANY_STATE, take_question},
    {OFFICER_PARTNER_JOSE, SERVE_ANY_STATE, take_question},
    {OFFICER_PARTNER_JOSE_REMOVE, SERVE_ANY_STATE, take_question},
    {OFFICER_PARTNER_JOSE_SHOW, SERVE_ANY_STATE, take_question},
    {OFFICER_POLICY_ADD, SERVE_ANY_STATE, take_question},
    {OFFICER_API_KEY_ADD, SERVE_ANY_STATE, take_question},
    {OFFICER_MISP_ADD, SERVE_ANY_STATE, take_question},
    {OFFICER_PEOPLE_PUT, SERVE_ANY_STATE, take_question},
    {OFFICER_HOTLIST, SERVE_ANY_STATE, take_question},
    {OFFICER_HOTLIST_VID, SERVE_ANY_STATE, take_question},
    {OFFICER_STATUS, SERVE_ANY_STATE, take_question},
};

/* A place whose connection is gone and whose question is not being worked on. */
static struct officer *free_place(struct officers *officers, uid_t uid) {
    size_t places = is_root(&officers->gate, uid) ? PLACES : OFFICERS_MAX;
    for (size_t i = 0; i < places; i++) {
        struct officer *officer = &officers->officer[i];
        if (officer->serve_peer == NULL && !officer->asking)
            return officer;
    }
    return NULL;
}

static enum err seat(struct officers *officers, int fd, uid_t uid) {
    struct officer *officer = free_place(officers, uid);
    if (officer == NULL)
        return ERR_FULL;
    *officer = (struct officer){
        .officers = officers, .fd = fd, .uid = uid, .quiet_since_ms = clock_boot_ms()};
    struct serve_peer_options options = {
        .name = "officer",
        .verbs = officer_verbs,
        .verb_count = sizeof officer_verbs / sizeof *officer_verbs,
        .lost = lost_officer,
        .context = officer,
    };
    return serve_add_peer(officers->serve, fd, &options, &officer->serve_peer);
}

/*
 * Says why, and ends it. No question may be left unread, nor come in any more: the officer would
 * read of a connection that was reset, and not this.
 */
static void turn_away(int fd, enum err reason) {
    const struct officer_outcome outcome = {
        .status = reason,
        .reason = reason == ERR_DENIED ? OFFICER_REASON_NO_OFFICER
                  : reason == ERR_FULL ? OFFICER_REASON_PLACES
                                       : OFFICER_REASON_NONE,
    };
    uint8_t memory[64];
    struct buffer payload = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = OFFICER_TURNED_AWAY};
    officer_wire_put_outcome(&payload, &outcome);
    (void)shutdown(fd, SHUT_RD);
    frame_discard(fd);
    enum err err = buffer_end(&payload, &frame.payload);
    if (err == ERR_OK)
        err = frame_send(fd, &frame, 0);
    if (err != ERR_OK)
        log_event(LOG_INFO, "officer-not-told", "error=%s", err_text(err));
    (void)close(fd);
}

static void take_connection(void *context, int listener) {
    struct officers *officers = context;
    uid_t uid;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    enum err err = officers_admit(&officers->gate, fd, &uid);
    if (err == ERR_OK)
        err = seat(officers, fd, uid);
    if (err == ERR_OK) {
        log_event(LOG_INFO, "officer-connected", "uid=%u", uid);
        return;
    }
    log_event(LOG_WARNING, "officer-refused", "uid=%u reason=%s", uid, err_text(err));
    turn_away(fd, err);
}

enum err officers_listen(struct officers *officers, struct serve *serve) {
    officers->serve = serve;
    return serve_add_descriptor(serve, officers->listener, take_connection, officers);
}

void officers_close(struct officers *officers) {
    if (officers == NULL)
        return;
    for (size_t i = 0; i < PLACES; i++) {
        struct officer *officer = &officers->officer[i];
        if (officer->serve_peer != NULL)
            end_connection(officer);
        secret_free(&officer->payload);
    }
    if (officers->serve != NULL)
        serve_remove_descriptor(officers->serve, officers->listener);
    if (officers->listener >= 0)
        (void)close(officers->listener);
    free(officers);
}

/* ---- questions ---- */

bool officers_next(struct officers *officers, struct officers_question *question) {
    struct officer *officer = TAILQ_FIRST(&officers->queue);
    if (officers->current != NULL || officer == NULL)
        return false;
    TAILQ_REMOVE(&officers->queue, officer, next);
    officers->current = officer;
    *question = (struct officers_question){.type = officer->frame.type,
                                           .uid = officer->uid,
                                           .payload = secret_view(&officer->payload)};
    return true;
}

static struct officer *end_question(struct officers *officers) {
    struct officer *officer = officers->current;
    officers->current = NULL;
    secret_free(&officer->payload);
    officer->asking = false;
    officer->quiet_since_ms = clock_boot_ms();
    return officer;
}

void officers_answer(struct officers *officers, struct bytes payload) {
    struct officer *officer = end_question(officers);
    struct frame frame = {.type = officer->frame.type + 1,
                          .generation = officer->frame.generation,
                          .id = officer->frame.id,
                          .payload = payload};
    if (officer->serve_peer == NULL)
        return;
    enum err err = serve_send(officer->serve_peer, &frame);
    if (err != ERR_OK)
        log_event(LOG_WARNING, "answer-lost", "uid=%u error=%s", officer->uid, err_text(err));
}

void officers_drop(struct officers *officers, enum err reason) {
    struct officer *officer = end_question(officers);
    log_event(LOG_WARNING, "officer-dropped", "uid=%u reason=%s", officer->uid, err_text(reason));
    end_connection(officer);
}

int officers_end_idle(struct officers *officers, int64_t now_ms) {
    int64_t wait_ms = OFFICERS_IDLE_MS;
    for (size_t i = 0; i < PLACES; i++) {
        struct officer *officer = &officers->officer[i];
        int64_t left_ms = officer->quiet_since_ms + OFFICERS_IDLE_MS - now_ms;
        if (officer->serve_peer == NULL || officer->asking)
            continue;
        if (left_ms <= 0) {
            log_event(LOG_INFO, "officer-idle", "uid=%u", officer->uid);
            end_connection(officer);
        } else if (left_ms < wait_ms) {
            wait_ms = left_ms;
        }
    }
    return (int)wait_ms;
}
