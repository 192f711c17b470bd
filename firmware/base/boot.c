#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "firmware/base/boot.h"
#include "firmware/base/conf.h"
#include "firmware/base/confine.h"
#include "firmware/base/frame.h"
#include "firmware/base/log.h"

#define BOOT_MESSAGE_WAIT_MS 10000

static const char *const state_texts[] = {
    [BOX_UNPROVISIONED] = "unprovisioned", [BOX_LOCKED] = "locked",
    [BOX_OPERATIONAL] = "operational",     [BOX_FAILED] = "failed",
    [BOX_MAINTENANCE] = "maintenance",     [BOX_DEGRADED] = "degraded",
};
#define STATE_COUNT (sizeof state_texts / sizeof *state_texts)

const char *box_state_text(enum box_state state) {
    return (size_t)state < STATE_COUNT ? state_texts[state] : "unknown";
}

int boot_exit_code(enum err err) {
    switch (err) {
    case ERR_OK:
        return BOOT_EXIT_CLEAN;
    case ERR_CONFIG:
        return BOOT_EXIT_CONFIG;
    case ERR_PIN:
        return BOOT_EXIT_PIN_REFUSED;
    default:
        return BOOT_EXIT_FAILURE;
    }
}

enum err boot_encode(const struct boot *boot, struct buffer *target) {
    if (boot->peer_count > BOOT_PEERS_MAX || boot->listener_count > BOOT_LISTENERS_MAX ||
        boot->settings_len > BOOT_SETTINGS_MAX)
        return ERR_TOO_LARGE;
    buffer_text(target, boot->process);
    buffer_u16(target, boot->index);
    buffer_u16(target, boot->count);
    buffer_bool(target, boot->as_root);
    buffer_u16(target, (uint16_t)boot->peer_count);
    for (size_t i = 0; i < boot->peer_count; i++) {
        buffer_text(target, boot->peers[i].role);
        buffer_u16(target, boot->peers[i].index);
        buffer_u16(target, boot->peers[i].lane);
        buffer_u32(target, (uint32_t)boot->peers[i].fd);
    }
    buffer_u16(target, (uint16_t)boot->listener_count);
    for (size_t i = 0; i < boot->listener_count; i++)
        buffer_u32(target, (uint32_t)boot->listeners[i]);
    buffer_block(target, bytes_of(boot->settings, boot->settings_len));
    return target->err;
}

/* Marks ${fd} as seen; the highest possible number follows from the most peers and listeners. */
struct descriptors_seen {
    bool seen[BOOT_PEER_FD + BOOT_PEERS_MAX + BOOT_LISTENERS_MAX];
};

static enum err read_descriptor(struct cursor *cursor, struct descriptors_seen *already, int *fd) {
    uint32_t number = cursor_u32(cursor);
    *fd = -1;
    if (cursor->err != ERR_OK)
        return cursor->err;
    if (number < BOOT_PEER_FD || number >= sizeof already->seen || already->seen[number])
        return ERR_MALFORMED;
    already->seen[number] = true;
    *fd = (int)number;
    return ERR_OK;
}

static enum err read_peers(struct cursor *cursor, struct descriptors_seen *already,
                           struct boot *boot) {
    size_t count = cursor_u16(cursor);
    if (count > BOOT_PEERS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < count; i++) {
        struct boot_peer *peer = &boot->peers[i];
        cursor_text(cursor, peer->role, sizeof peer->role);
        peer->index = cursor_u16(cursor);
        peer->lane = cursor_u16(cursor);
        ERR_TRY(read_descriptor(cursor, already, &peer->fd));
    }
    boot->peer_count = count;
    return ERR_OK;
}

static enum err read_listeners(struct cursor *cursor, struct descriptors_seen *already,
                               struct boot *boot) {
    size_t count = cursor_u16(cursor);
    if (count > BOOT_LISTENERS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < count; i++)
        ERR_TRY(read_descriptor(cursor, already, &boot->listeners[i]));
    boot->listener_count = count;
    return ERR_OK;
}

enum err boot_decode(struct bytes payload, struct boot *boot) {
    struct descriptors_seen already = {0};
    struct cursor cursor = cursor_over(payload);
    boot->peer_count = 0;
    boot->listener_count = 0;
    boot->settings_len = 0;
    cursor_text(&cursor, boot->process, sizeof boot->process);
    boot->index = cursor_u16(&cursor);
    boot->count = cursor_u16(&cursor);
    boot->as_root = cursor_bool(&cursor);
    ERR_TRY(read_peers(&cursor, &already, boot));
    ERR_TRY(read_listeners(&cursor, &already, boot));
    struct bytes settings = cursor_block(&cursor, sizeof boot->settings);
    ERR_TRY(cursor_end(&cursor));
    if (settings.len > 0)
        memcpy(boot->settings, settings.data, settings.len);
    boot->settings_len = settings.len;
    return ERR_OK;
}

enum err boot_encode_peer(const char *role, uint16_t index, struct buffer *target) {
    buffer_text(target, role);
    buffer_u16(target, index);
    return target->err;
}

enum err boot_decode_peer(struct bytes payload, char role[static BOOT_NAME_SIZE], uint16_t *index) {
    struct cursor cursor = cursor_over(payload);
    cursor_text(&cursor, role, BOOT_NAME_SIZE);
    *index = cursor_u16(&cursor);
    return cursor_end(&cursor);
}

enum err boot_encode_state(enum box_state state, struct buffer *target) {
    buffer_u8(target, (uint8_t)state);
    return target->err;
}

enum err boot_decode_state(struct bytes payload, enum box_state *state) {
    struct cursor cursor = cursor_over(payload);
    uint8_t number = cursor_u8(&cursor);
    ERR_TRY(cursor_end(&cursor));
    if (number >= STATE_COUNT)
        return ERR_MALFORMED;
    *state = (enum box_state)number;
    return ERR_OK;
}

int boot_peer_fd(const struct boot *boot, const char *role, uint16_t index, uint16_t lane) {
    for (size_t i = 0; i < boot->peer_count; i++) {
        const struct boot_peer *peer = &boot->peers[i];
        if (peer->index == index && peer->lane == lane && strcmp(peer->role, role) == 0)
            return peer->fd;
    }
    return -1;
}

static void complain(const struct boot_program *program, const char *text) {
    fprintf(stderr, "%s: %s\n", program->name, text);
}

static void print_help(const struct boot_program *program) {
    printf("%s: %s.\n\n"
           "authd starts this program and hands it its settings and sockets; see authd(8).\n\n"
           "usage: %s --check < SETTINGS   judge settings without starting anything\n"
           "       %s --version | --help\n\n"
           "settings, one `name = value` a line:\n",
           program->name, program->summary, program->name, program->name);
    for (size_t i = 0; i < program->key_count; i++) {
        const struct conf_key *key = &program->keys[i];
        printf("  %-28s %s (%s%s)\n", key->name, key->meaning,
               key->initial != NULL ? "default: " : "must be given",
               key->initial != NULL ? key->initial : "");
    }
    if (program->key_count > 0)
        printf("\nexample: echo '%s = %s' | %s --check\n", program->keys[0].name,
               program->keys[0].initial != NULL ? program->keys[0].initial : "VALUE",
               program->name);
}

/* How large the struct is that the program's own table describes. */
static size_t settings_struct_size(const struct boot_program *program) {
    size_t size = sizeof(int64_t);
    for (size_t i = 0; i < program->key_count; i++) {
        const struct conf_key *key = &program->keys[i];
        size_t end = key->offset + (key->type == CONF_TEXT     ? key->size
                                    : key->type == CONF_NUMBER ? sizeof(int64_t)
                                                               : sizeof(bool));
        size = end > size ? end : size;
    }
    return size;
}

static enum err check_settings(const struct boot_program *program, struct boot *boot) {
    size_t len = fread(boot->settings, 1, sizeof boot->settings, stdin);
    if (ferror(stdin) || (len == sizeof boot->settings && fgetc(stdin) != EOF)) {
        complain(program, "cannot read the settings from standard input: give at most 8192 bytes");
        return ERR_CONFIG;
    }
    boot->settings_len = len;
    void *settings = calloc(1, settings_struct_size(program));
    if (settings == NULL)
        return ERR_SYSTEM;
    struct conf_problem problem = {0};
    enum err err = conf_parse(bytes_of(boot->settings, len), program->keys, program->key_count,
                              settings, &problem);
    free(settings);
    if (err != ERR_OK)
        complain(program, problem.text);
    return err;
}

static enum err answer_option(int argc, char **argv, const struct boot_program *program,
                              struct boot *boot, bool *finished) {
    const char *option = argc == 2 ? argv[1] : "";
    *finished = true;
    if (strcmp(option, "--check") == 0)
        return check_settings(program, boot);
    if (strcmp(option, "--help") == 0)
        print_help(program);
    else if (strcmp(option, "--version") == 0)
        printf("%s (idcs) %s\n", program->name, BOOT_VERSION);
    else
        *finished = false;
    return ERR_OK;
}

static enum err map_pulse(struct boot *boot) {
    void *page = mmap(NULL, PULSE_SLOTS * sizeof(struct pulse), PROT_READ | PROT_WRITE, MAP_SHARED,
                      BOOT_PULSE_FD, 0);
    if (page == MAP_FAILED)
        return ERR_SYSTEM;
    boot->pulse = page;
    return ERR_OK;
}

static enum err close_unnamed(const struct boot *boot) {
    int keep[BOOT_PEERS_MAX + BOOT_LISTENERS_MAX + 1];
    size_t count = 0;
    keep[count++] = BOOT_CONTROL_FD;
    for (size_t i = 0; i < boot->peer_count; i++)
        keep[count++] = boot->peers[i].fd;
    for (size_t i = 0; i < boot->listener_count; i++)
        keep[count++] = boot->listeners[i];
    return confine_close_others(keep, count);
}

static enum err receive_boot_message(const struct boot_program *program, struct boot *boot) {
    static uint8_t packet[FRAME_HEADER_BYTES + BOOT_MESSAGE_MAX];
    struct frame frame;
    enum err err =
        frame_receive(BOOT_CONTROL_FD, packet, sizeof packet, &frame, BOOT_MESSAGE_WAIT_MS);
    if (err == ERR_OK)
        err = frame.type == BOOT_START ? boot_decode(frame.payload, boot) : ERR_MALFORMED;
    if (err == ERR_OK && strcmp(boot->process, program->name) != 0)
        err = ERR_MALFORMED;
    if (err != ERR_OK) {
        complain(program, "no boot message: this program is started by authd(8); "
                          "see --help for what it does by hand");
        return ERR_SYSTEM;
    }
    return ERR_OK;
}

enum err boot_receive(int argc, char **argv, const struct boot_program *program, struct boot *boot,
                      bool *finished) {
    memset(boot, 0, sizeof *boot);
    boot->control_fd = -1;
    ERR_TRY(answer_option(argc, argv, program, boot, finished));
    if (*finished)
        return ERR_OK;
    (void)signal(SIGPIPE, SIG_IGN);
    ERR_TRY(receive_boot_message(program, boot));
    if (boot->as_root && geteuid() == 0) {
        complain(program, "still root: authd did not give up its uid");
        return ERR_DENIED;
    }
    if (map_pulse(boot) != ERR_OK || close_unnamed(boot) != ERR_OK) {
        complain(program, strerror(errno));
        return ERR_SYSTEM;
    }
    boot->control_fd = BOOT_CONTROL_FD;
    (void)prctl(PR_SET_NAME, program->name); /* execveat has left the descriptor's number there */
    log_open(program->name, boot->index, LOG_INFO);
    return ERR_OK;
}

/* The one control socket of this process. */
static struct {
    struct serve *serve;
    struct serve_peer *authd;
    struct boot_control control;
} control_socket;

typedef void peer_change(void *context, const char *role, uint16_t index);

static enum err tell_peer_change(const struct frame *frame, peer_change *change) {
    char role[BOOT_NAME_SIZE];
    uint16_t index;
    ERR_TRY(boot_decode_peer(frame->payload, role, &index));
    if (change != NULL)
        change(control_socket.control.context, role, index);
    return ERR_OK;
}

static enum err handle_peer_down(void *context, struct serve_peer *peer,
                                 const struct frame *frame) {
    (void)context, (void)peer;
    return tell_peer_change(frame, control_socket.control.peer_down);
}

static enum err handle_peer_up(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)context, (void)peer;
    return tell_peer_change(frame, control_socket.control.peer_up);
}

static enum err handle_state(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)context, (void)peer;
    enum box_state state;
    ERR_TRY(boot_decode_state(frame->payload, &state));
    serve_set_state(control_socket.serve, (unsigned)state);
    if (control_socket.control.state != NULL)
        control_socket.control.state(control_socket.control.context, state);
    return ERR_OK;
}

static enum err handle_stop(void *context, struct serve_peer *peer, const struct frame *frame) {
    (void)context, (void)peer;
    if (frame->payload.len != 0)
        return ERR_MALFORMED;
    if (control_socket.control.stop != NULL)
        control_socket.control.stop(control_socket.control.context);
    else
        serve_stop(control_socket.serve);
    return ERR_OK;
}

/* Nothing may outlive its supervisor. */
static void lost_authd(void *context, struct serve_peer *peer, enum err reason) {
    (void)context, (void)peer;
    log_event(LOG_ERROR, "supervisor-lost", "reason=%s", err_text(reason));
    control_socket.authd = NULL;
    serve_stop(control_socket.serve);
}

static const struct serve_verb control_verbs[] = {
    {BOOT_PEER_DOWN, SERVE_ANY_STATE, handle_peer_down},
    {BOOT_PEER_UP, SERVE_ANY_STATE, handle_peer_up},
    {BOOT_STATE, SERVE_ANY_STATE, handle_state},
    {BOOT_STOP, SERVE_ANY_STATE, handle_stop},
};

static enum err tell_authd(const struct serve *serve, uint16_t type, struct bytes payload) {
    if (control_socket.authd == NULL || control_socket.serve != serve)
        return ERR_CLOSED;
    struct frame frame = {.type = type, .payload = payload};
    return serve_send(control_socket.authd, &frame);
}

enum err boot_ready(const struct boot *boot, struct serve *serve,
                    const struct boot_control *control) {
    struct serve_peer_options options = {
        .name = "authd",
        .verbs = control_verbs,
        .verb_count = sizeof control_verbs / sizeof *control_verbs,
        .lost = lost_authd,
    };
    ERR_TRY(serve_add_peer(serve, boot->control_fd, &options, &control_socket.authd));
    control_socket.serve = serve;
    control_socket.control = *control;
    return tell_authd(serve, BOOT_READY, bytes_of(NULL, 0));
}

enum err boot_report_state(struct serve *serve, enum box_state state) {
    uint8_t payload[1];
    struct buffer buffer = buffer_over(payload, sizeof payload);
    struct bytes written;
    ERR_TRY(boot_encode_state(state, &buffer));
    ERR_TRY(buffer_end(&buffer, &written));
    return tell_authd(serve, BOOT_REPORT_STATE, written);
}

enum err boot_report_peer(struct serve *serve, const char *role, uint16_t index) {
    uint8_t payload[BOOT_NAME_SIZE + 8];
    struct buffer buffer = buffer_over(payload, sizeof payload);
    struct bytes written;
    ERR_TRY(boot_encode_peer(role, index, &buffer));
    ERR_TRY(buffer_end(&buffer, &written));
    return tell_authd(serve, BOOT_REPORT_PEER, written);
}
