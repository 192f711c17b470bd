#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "authd/notify/core_link.h"
#include "authd/notify/gateway/curl_memory.h"
#include "authd/notify/gateway/dispatch.h"
#include "authd/notify/gateway/report_listener.h"
#include "authd/notify/gateway/settings.h"
#include "authd/notify/local_time.h"
#include "firmware/base/boot.h"
#include "firmware/base/confine.h"
#include "firmware/base/log.h"
#include "firmware/base/scope.h"
#include "firmware/base/secret.h"

/* The notify process of a box in service: short messages by Kannel, mail by SMTP. */
#define ARENA_BYTES  (4u * 1024u * 1024u)
#define CA_BYTES_MAX (4u * 1024u * 1024u)
#define DESCRIPTORS  1024 /* three routes of 256 requests, and reports */

static struct boot_program program = {
    .name = "authd-notify",
    .summary = "sends short messages by Kannel and mail by SMTP",
    .keys = settings_keys,
};

struct notify {
    struct core_link link; /* first: it is what handlers get */
    struct boot boot;
    struct settings settings;
    struct serve *serve;
    struct endpoint endpoints[ROUTES_MAX];
    size_t endpoint_count;
    uint8_t *authorities;
    size_t authorities_len;
    struct transfers *transfers;
    struct dispatch *dispatch;
    struct report_listener *listener; /* NULL: no reports */
};

static enum err handle_otp(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct notify *notify = context;
    struct core_link_question question = {peer, frame->id, frame->generation};
    SECRET(memory);
    ERR_TRY(secret_new(&memory, sizeof(struct notify_otp)));
    struct notify_otp *otp = (struct notify_otp *)(void *)memory.data;
    ERR_TRY(notify_wire_get_otp(frame->payload, otp));
    if (core_link_is_ours(&notify->link, frame))
        return dispatch_otp(notify->dispatch, otp, &question);
    log_event(LOG_WARNING, "message-given-up", "channel=all why=for-its-predecessor");
    return core_link_answer(&question, false);
}

static enum err handle_event(void *context, struct serve_peer *peer, const struct frame *frame) {
    struct notify *notify = context;
    struct notify_event event;
    (void)peer;
    ERR_TRY(notify_wire_get_event(frame->payload, &event));
    dispatch_event(notify->dispatch, &event);
    secret_wipe(&event, sizeof event);
    return ERR_OK;
}

/* The core alone decides when messages are sent, and its state may reach this process late. */
static const struct serve_verb core_verbs[] = {{NOTIFY_OTP, SERVE_ANY_STATE, handle_otp},
                                               {NOTIFY_EVENT, SERVE_ANY_STATE, handle_event}};

static enum err complain(enum err err, const char *what, const char *text) {
    fprintf(stderr, "%s: %s%s%s\n", program.name, what, what[0] != '\0' ? ": " : "", text);
    return err;
}

static enum err configure(struct notify *notify) {
    struct conf_problem problem;
    enum err err = conf_parse(bytes_of(notify->boot.settings, notify->boot.settings_len),
                              settings_keys, settings_key_count, &notify->settings, &problem);
    if (err == ERR_OK)
        err = settings_check(&notify->settings, &problem);
    if (err != ERR_OK)
        return complain(err, "", problem.text);
    err = local_time_open(notify->settings.time_zone);
    if (err != ERR_OK)
        return complain(err, "time-zone",
                        "no such zone; write one as Africa/Casablanca and install package tzdata");
    return ERR_OK;
}

static enum err open_endpoint(struct notify *notify, const char *name, enum endpoint_kind kind,
                              const struct settings_gateway *from, unsigned number) {
    struct endpoint_problem problem;
    const struct endpoint_setting setting = {.kind = kind,
                                             .number = number,
                                             .url = from->url,
                                             .user_file = from->user_file,
                                             .password_file = from->password_file};
    if (from->url[0] == '\0')
        return ERR_OK;
    enum err err = endpoint_open(&notify->endpoints[notify->endpoint_count++], &setting, &problem);
    return err == ERR_OK ? ERR_OK : complain(err, name, problem.text);
}

static enum err open_endpoints(struct notify *notify) {
    const struct settings *settings = &notify->settings;
    ERR_TRY(open_endpoint(notify, "gateway-1", ENDPOINT_GATEWAY, &settings->gateways[0], 1));
    ERR_TRY(open_endpoint(notify, "gateway-2", ENDPOINT_GATEWAY, &settings->gateways[1], 2));
    return open_endpoint(notify, "smtp", ENDPOINT_MAIL, &settings->smtp, 1);
}

/* Without the file no TLS server is believed; whether one is needed is seen when it is asked. */
static enum err read_authorities(struct notify *notify) {
    struct stat status;
    SCOPE_DESCRIPTOR fd = open(notify->settings.ca_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        log_event(LOG_WARNING, "no-authorities", "what=ca-file");
        return ERR_OK;
    }
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < 0 || status.st_size > CA_BYTES_MAX)
        return complain(ERR_CONFIG, "ca-file", "cannot be read, or is larger than 4 MiB");
    size_t size = (size_t)status.st_size;
    notify->authorities = malloc(size + 1);
    if (notify->authorities == NULL)
        return ERR_SYSTEM;
    while (notify->authorities_len < size) {
        ssize_t got =
            read(fd, notify->authorities + notify->authorities_len, size - notify->authorities_len);
        if (got <= 0)
            return complain(ERR_CONFIG, "ca-file", "cannot be read to its end");
        notify->authorities_len += (size_t)got;
    }
    return ERR_OK;
}

static void take_report(void *context, const struct report *report) {
    struct notify *notify = context;
    dispatch_report(notify->dispatch, report);
}

static enum err open_listener(struct notify *notify) {
    const struct report_listener_options options = {.take = take_report, .context = notify};
    const char *address = notify->settings.report_listen;
    if (address[0] == '\0')
        return ERR_OK;
    enum err err = report_listener_open(&notify->listener, address, notify->serve, &options);
    if (err == ERR_CONFIG)
        return complain(err, "dlr-listen",
                        "write a loopback address and a port, as "
                        "127.0.0.1:13099");
    return err == ERR_OK ? err : complain(err, "dlr-listen", strerror(errno));
}

static enum err open_sending(struct notify *notify) {
    const struct transfer_options transfer = {
        .connect_timeout_ms = notify->settings.connect_timeout_ms,
        .authorities = bytes_of(notify->authorities, notify->authorities_len),
        .starttls = notify->settings.smtp_starttls,
    };
    ERR_TRY(transfer_open(&notify->transfers, notify->serve, &transfer));
    const struct dispatch_options dispatch = {
        .settings = &notify->settings,
        .endpoints = notify->endpoints,
        .endpoint_count = notify->endpoint_count,
        .transfers = notify->transfers,
    };
    return dispatch_open(&notify->dispatch, &dispatch);
}

static int shorter_wait(int left_ms, int right_ms) {
    if (left_ms < 0)
        return right_ms;
    return right_ms < 0 || left_ms < right_ms ? left_ms : right_ms;
}

static int turn(void *context) {
    struct notify *notify = context;
    int wait_ms = dispatch_turn(notify->dispatch);
    if (notify->listener != NULL)
        wait_ms = shorter_wait(wait_ms, report_listener_turn(notify->listener));
    return shorter_wait(wait_ms, transfer_turn(notify->transfers));
}

/* No file is opened and no name looked up from here on. */
static enum err confine(const struct notify *notify) {
    static const int accept_reports[] = {SYS_accept4}; /* on the listener bound before */
    const struct confine_plan plan = {
        .process = program.name,
        .network = CONFINE_CONNECT,
        .more_syscalls = accept_reports,
        .more_syscall_count = notify->listener != NULL ? 1 : 0,
        .descriptors = DESCRIPTORS,
    };
    return confine_enter(&plan);
}

static enum err open_all(struct notify *notify) {
    ERR_TRY(configure(notify));
    ERR_TRY(secret_arena_open(ARENA_BYTES));
    ERR_TRY(curl_memory_start());
    ERR_TRY(open_endpoints(notify));
    ERR_TRY(read_authorities(notify));
    ERR_TRY(serve_open(&notify->serve, notify->boot.pulse));
    ERR_TRY(open_listener(notify));
    ERR_TRY(open_sending(notify));
    return core_link_open(&notify->link, &notify->boot, notify->serve, core_verbs,
                          sizeof core_verbs / sizeof *core_verbs);
}

static enum err run(struct notify *notify) {
    ERR_TRY(open_all(notify));
    ERR_TRY(confine(notify));
    serve_on_turn(notify->serve, turn, notify);
    ERR_TRY(core_link_greet(&notify->link));
    const struct boot_control control = core_link_control(&notify->link);
    ERR_TRY(boot_ready(&notify->boot, notify->serve, &control));
    ERR_TRY(serve_run(notify->serve));
    return notify->link.failed ? ERR_CLOSED : ERR_OK;
}

static void close_all(struct notify *notify) {
    transfer_close(notify->transfers);
    dispatch_close(notify->dispatch);
    report_listener_close(notify->listener);
    for (size_t i = 0; i < notify->endpoint_count; i++)
        endpoint_close(&notify->endpoints[i]);
    if (notify->serve != NULL)
        serve_close(notify->serve);
    free(notify->authorities);
}

int main(int argc, char **argv) {
    static struct notify notify;
    bool finished;
    program.key_count = settings_key_count;
    enum err err = boot_receive(argc, argv, &program, &notify.boot, &finished);
    if (err == ERR_OK && !finished)
        err = run(&notify);
    close_all(&notify);
    return boot_exit_code(err);
}
