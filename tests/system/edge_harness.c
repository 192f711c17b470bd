/*
 * Plays authd and core for one authd-edge, driven by lines on standard input and telling what
 * happens by lines on standard output:
 *   edge_harness EDGE LANES SETTINGS-FILE [jose]
 *   → listening PORT [JOSE-PORT] · started PID · ready · request LANE METHOD PATH SIGNATURE
 *     AUTHORIZATION BODY-LENGTH PROFILE MEDIA THUMBPRINT IDEMPOTENCY-KEY · done · exited STATUS
 *   ← echo | hold | deaf   what core does with requests: answer, keep, not even read
 *   ← body BYTES           length of the answers of echo; 0: the request's own body
 *   ← answer STATUS CONTENT RETRY-AFTER   of echo
 *   ← clients [LANE] THUMBPRINT:FROM-MS:TO-MS ...   EDGE_CLIENTS, to that lane or to all
 *   ← release              answer all that is held
 *   ← down                 tell edge that core died; what is held is answered late, by release
 *   ← garbage | no-list    send edge something that is no answer, or no list of clients
 *   ← stop                 end edge cleanly
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authd/wire/edge_wire.h"
#include "firmware/base/boot.h"
#include "firmware/base/codec.h"
#include "firmware/base/frame.h"

#define HELD_MAX    4096
#define PAIR_BYTES  (1u << 20)
#define NOBODY      65534
#define FIRST_SPARE 200 /* descriptors are moved here before they get their final numbers */

enum manner { MANNER_ECHO, MANNER_HOLD, MANNER_DEAF };

struct held {
    int64_t lane;
    uint64_t id;
    uint32_t generation;
};

struct harness {
    struct boot boot;
    int control, process, edge_program;
    pid_t pid;
    int64_t lanes;
    bool jose;
    int core[BOOT_LISTENERS_MAX];   /* our ends */
    int theirs[BOOT_LISTENERS_MAX]; /* edge's ends: kept, as authd keeps them */
    int listeners[BOOT_LISTENERS_MAX];
    int their_control, pulse;
    enum manner manner;
    struct edge_answer answer; /* of echo; status 0: its own */
    int64_t answer_bytes;
    struct held held[HELD_MAX];
    size_t held_count;
};

static struct harness harness;
static uint8_t packet[FRAME_MAX_BYTES];
static uint8_t payload[FRAME_PAYLOAD_MAX];
static uint8_t filler[EDGE_BODY_MAX];

static void require(bool rule, const char *what) {
    if (rule)
        return;
    fprintf(stderr, "edge_harness: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void require_ok(enum err err, const char *what) {
    if (err == ERR_OK)
        return;
    fprintf(stderr, "edge_harness: %s: %s\n", what, err_text(err));
    exit(1);
}

/* Start. */

static int listen_on(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    require(fd >= 0, "socket");
    require(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0, "SO_REUSEPORT");
    require(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    require(listen(fd, SOMAXCONN) == 0, "listen");
    require(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    *port = ntohs(address.sin_port);
    return fd;
}

static void read_settings(const char *path) {
    FILE *file = fopen(path, "re");
    require(file != NULL, path);
    harness.boot.settings_len = fread(harness.boot.settings, 1, BOOT_SETTINGS_MAX, file);
    require(!ferror(file), path);
    (void)fclose(file);
}

static void move_to(int from, int number) {
    require(dup2(from, number) == number, "dup2");
}

/* In the child: descriptors take their numbers, root becomes nobody, edge begins. */
static void become_edge(void) {
    int next = BOOT_PEER_FD;
    move_to(harness.their_control, BOOT_CONTROL_FD);
    move_to(harness.pulse, BOOT_PULSE_FD);
    for (int64_t i = 0; i < harness.lanes; i++)
        move_to(harness.theirs[i], next++);
    for (size_t i = 0; i < harness.boot.listener_count; i++)
        move_to(harness.listeners[i], next++);
    if (geteuid() == 0)
        require(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
                    setresuid(NOBODY, NOBODY, NOBODY) == 0,
                "becoming nobody");
    char *arguments[] = {"authd-edge", NULL};
    (void)fexecve(harness.edge_program, arguments, environ);
    require(false, "exec");
}

static int spare(int fd) {
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE);
    require(moved >= 0, "F_DUPFD_CLOEXEC");
    (void)close(fd);
    return moved;
}

/* One a lane, on one port. */
static uint16_t open_listeners(void) {
    struct boot *boot = &harness.boot;
    uint16_t port = 0;
    for (int64_t i = 0; i < harness.lanes; i++) {
        size_t number = boot->listener_count++;
        harness.listeners[number] = spare(listen_on(&port));
        boot->listeners[number] = BOOT_PEER_FD + (int)(harness.lanes + (int64_t)number);
    }
    return port;
}

static void open_sockets(void) {
    int ends[2];
    struct boot *boot = &harness.boot;
    require_ok(frame_pair(ends, PAIR_BYTES), "control socket");
    harness.control = spare(ends[0]);
    harness.their_control = spare(ends[1]);
    for (int64_t i = 0; i < harness.lanes; i++) {
        require_ok(frame_pair(ends, PAIR_BYTES), "core socket");
        harness.core[i] = spare(ends[0]);
        harness.theirs[i] = spare(ends[1]);
        boot->peers[i] =
            (struct boot_peer){.role = "core", .lane = (uint16_t)i, .fd = BOOT_PEER_FD + (int)i};
    }
    boot->peer_count = (size_t)harness.lanes;
    printf("listening %u", open_listeners());
    if (harness.jose)
        printf(" %u", open_listeners());
    printf("\n");
}

static void start_edge(const char *program) {
    harness.edge_program = spare(open(program, O_RDONLY | O_CLOEXEC));
    harness.pulse = spare(memfd_create("pulse", MFD_CLOEXEC));
    require(ftruncate(harness.pulse, sizeof(struct pulse) * PULSE_SLOTS) == 0, "pulse page");
    harness.pid = fork();
    require(harness.pid >= 0, "fork");
    if (harness.pid == 0)
        become_edge();
    harness.process = (int)syscall(SYS_pidfd_open, harness.pid, 0);
    require(harness.process >= 0, "pidfd_open");
    printf("started %d\n", (int)harness.pid);
    (void)snprintf(harness.boot.process, sizeof harness.boot.process, "authd-edge");
    harness.boot.count = 1;
    harness.boot.as_root = geteuid() == 0;
    struct buffer message = buffer_over(payload, sizeof payload);
    struct frame frame = {.type = BOOT_START};
    require_ok(boot_encode(&harness.boot, &message), "boot message");
    require_ok(buffer_end(&message, &frame.payload), "boot message");
    require_ok(frame_send(harness.control, &frame, 5000), "boot message");
    /* Ours would keep its port open after edge has closed it. */
    for (size_t i = 0; i < harness.boot.listener_count; i++)
        (void)close(harness.listeners[i]);
}

/* Core. */

static void send_answer(const struct held *to, const struct edge_answer *answer) {
    struct buffer buffer = buffer_over(payload, sizeof payload);
    struct frame frame = {.type = EDGE_ANSWER, .id = to->id, .generation = to->generation};
    edge_wire_put_answer(&buffer, answer);
    require_ok(buffer_end(&buffer, &frame.payload), "answer");
    require_ok(frame_send(harness.core[to->lane], &frame, 5000), "answer");
}

static enum edge_content content_of(struct bytes path) {
    if (path.len > 4 && memcmp(path.data + path.len - 4, ".cer", 4) == 0)
        return EDGE_PEM;
    return bytes_equal_text(path, "/.well-known/jwks.json") ? EDGE_JWKS : EDGE_JSON;
}

static void echo(const struct held *to, const struct edge_request *request) {
    struct edge_answer answer = harness.answer;
    if (answer.status == 0)
        answer = (struct edge_answer){.status = 200, .content = content_of(request->path)};
    bool get = request->method == EDGE_GET;
    answer.signature = request->signature;
    answer.max_age_seconds = get ? 300 : 0;
    answer.body = get ? request->path : request->body;
    if (harness.answer_bytes > 0)
        answer.body = bytes_of(filler, (size_t)harness.answer_bytes);
    send_answer(to, &answer);
}

static void tell_text(bool given, struct bytes text) {
    printf(" %.*s", given ? (int)text.len : 1, given ? (const char *)text.data : "-");
}

static void tell_request(int64_t lane, const struct edge_request *request) {
    static const char *const media[] = {"none", "other", "json", "jose"};
    char thumbprint[2 * EDGE_THUMBPRINT_BYTES + 1] = "";
    struct buffer hex = buffer_over(thumbprint, sizeof thumbprint - 1);
    codec_hex_upper(&hex, bytes_of(request->client_thumbprint, EDGE_THUMBPRINT_BYTES));
    printf("request %d %s", (int)lane, request->method == EDGE_GET ? "GET" : "POST");
    tell_text(true, request->path);
    printf(" %zu", request->has_signature ? request->signature.len : SIZE_MAX);
    tell_text(request->has_authorization, request->authorization);
    printf(" %zu %s %s %s", request->body.len,
           request->profile == EDGE_PROFILE_JOSE ? "jose" : "mosip", media[request->media],
           thumbprint);
    tell_text(request->has_idempotency_key, request->idempotency_key);
    printf("\n");
}

static void take_request(int64_t lane) {
    struct frame frame;
    struct edge_request request;
    enum err err = frame_receive(harness.core[lane], packet, sizeof packet, &frame, 0);
    if (err == ERR_TIMEOUT || err == ERR_CLOSED)
        return;
    require_ok(err, "frame from edge");
    require(frame.type == EDGE_REQUEST, "a message edge may not send");
    require_ok(edge_wire_get_request(frame.payload, &request), "request from edge");
    tell_request(lane, &request);
    struct held from = {.lane = lane, .id = frame.id, .generation = frame.generation};
    if (harness.manner == MANNER_ECHO) {
        echo(&from, &request);
        return;
    }
    require(harness.held_count < HELD_MAX, "too many requests to hold");
    harness.held[harness.held_count++] = from;
}

/* Commands. */

/* Answers tell how many were held before them. */
static void release(void) {
    for (size_t i = 0; i < harness.held_count; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "\"held %zu\"", i);
        struct edge_answer late = {
            .status = 200, .content = EDGE_JSON, .body = bytes_of_text(text)};
        send_answer(&harness.held[i], &late);
    }
    harness.held_count = 0;
}

static void tell_down(void) {
    struct buffer buffer = buffer_over(payload, sizeof payload);
    struct frame frame = {.type = BOOT_PEER_DOWN};
    require_ok(boot_encode_peer("core", 0, &buffer), "PEER_DOWN");
    require_ok(buffer_end(&buffer, &frame.payload), "PEER_DOWN");
    require_ok(frame_send(harness.control, &frame, 5000), "PEER_DOWN");
}

static void send_garbage(void) {
    struct frame frame = {.type = EDGE_ANSWER, .payload = bytes_of("?", 1)};
    require_ok(frame_send(harness.core[0], &frame, 5000), "garbage");
}

static void send_no_list(void) {
    struct frame frame = {.type = EDGE_CLIENTS, .payload = bytes_of("?", 1)};
    require_ok(frame_send(harness.core[0], &frame, 5000), "no list");
}

static void send_stop(void) {
    struct frame frame = {.type = BOOT_STOP};
    require_ok(frame_send(harness.control, &frame, 5000), "STOP");
}

static void be_echo(void) {
    harness.manner = MANNER_ECHO;
}

static void be_holding(void) {
    harness.manner = MANNER_HOLD;
}

static void be_deaf(void) {
    harness.manner = MANNER_DEAF;
}

static const struct command {
    const char *line;
    void (*obey)(void);
} commands[] = {
    {"echo", be_echo},   {"hold", be_holding},      {"deaf", be_deaf},         {"release", release},
    {"down", tell_down}, {"garbage", send_garbage}, {"no-list", send_no_list}, {"stop", send_stop},
};

static void set_body(const char *words) {
    require_ok(codec_integer(words, 0, sizeof filler, &harness.answer_bytes), words);
}

static void set_answer(const char *words) {
    unsigned status, content, retry_after;
    require(sscanf(words, "%u %u %u", &status, &content, &retry_after) == 3, words);
    harness.answer = (struct edge_answer){.status = (uint16_t)status,
                                          .content = (enum edge_content)content,
                                          .retry_after_seconds = retry_after};
}

static void send_clients(const char *words) {
    static struct edge_client clients[EDGE_CLIENTS_MAX];
    size_t count = 0;
    int64_t only = -1;
    char first[256];
    if (sscanf(words, "%255s", first) == 1 && codec_integer(first, 0, 99, &only) == ERR_OK)
        words += strlen(first);
    int used;
    long long from_ms, to_ms;
    char hex[2 * EDGE_THUMBPRINT_BYTES + 1];
    while (sscanf(words, " %64[0-9A-F]:%lld:%lld%n", hex, &from_ms, &to_ms, &used) == 3) {
        struct edge_client *client = &clients[count++];
        require_ok(codec_hex_decode(bytes_of_text(hex), client->thumbprint, EDGE_THUMBPRINT_BYTES),
                   hex);
        client->not_before_ms = from_ms;
        client->not_after_ms = to_ms;
        words += used;
    }
    require(strspn(words, " ") == strlen(words), words);
    struct buffer buffer = buffer_over(payload, sizeof payload);
    struct frame frame = {.type = EDGE_CLIENTS};
    edge_wire_put_clients(&buffer, clients, count);
    require_ok(buffer_end(&buffer, &frame.payload), "clients");
    for (int64_t lane = 0; lane < harness.lanes; lane++)
        if (only < 0 || only == lane)
            require_ok(frame_send(harness.core[lane], &frame, 5000), "clients");
}

static const struct sentence {
    const char *name;
    void (*set)(const char *words);
} sentences[] = {{"body ", set_body}, {"answer ", set_answer}, {"clients ", send_clients}};

static bool obey_sentence(const char *line) {
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        size_t len = strlen(sentences[i].name);
        if (strncmp(line, sentences[i].name, len) != 0)
            continue;
        sentences[i].set(line + len);
        return true;
    }
    return false;
}

static void obey(const char *line) {
    size_t i = 0;
    while (i < sizeof commands / sizeof *commands && strcmp(line, commands[i].line) != 0)
        i++;
    if (i < sizeof commands / sizeof *commands)
        commands[i].obey();
    else
        require(obey_sentence(line), line);
    printf("done\n");
}

/* False at the end of standard input. */
static bool take_commands(void) {
    static char text[4096];
    static size_t len;
    ssize_t count = read(STDIN_FILENO, text + len, sizeof text - len);
    if (count <= 0)
        return false;
    len += (size_t)count;
    char *end;
    while ((end = memchr(text, '\n', len)) != NULL) {
        *end = '\0';
        obey(text);
        len -= (size_t)(end + 1 - text);
        memmove(text, end + 1, len);
    }
    return true;
}

static void take_control(void) {
    struct frame frame;
    if (frame_receive(harness.control, packet, sizeof packet, &frame, 0) == ERR_OK &&
        frame.type == BOOT_READY)
        printf("ready\n");
}

static int report_exit(void) {
    int status = 0;
    require(waitpid(harness.pid, &status, 0) == harness.pid, "waitpid");
    if (WIFEXITED(status))
        printf("exited %d\n", WEXITSTATUS(status));
    else
        printf("killed %d\n", WTERMSIG(status));
    (void)fflush(stdout);
    return 0;
}

static int run(void) {
    struct pollfd watched[3 + BOOT_LISTENERS_MAX] = {
        {.fd = STDIN_FILENO, .events = POLLIN},
        {.fd = harness.process, .events = POLLIN},
        {.fd = harness.control, .events = POLLIN},
    };
    for (;;) {
        (void)fflush(stdout);
        nfds_t count = 3;
        for (int64_t i = 0; i < harness.lanes && harness.manner != MANNER_DEAF; i++)
            watched[count++] = (struct pollfd){.fd = harness.core[i], .events = POLLIN};
        require(poll(watched, count, -1) > 0, "poll");
        if (watched[1].revents != 0)
            return report_exit();
        if (watched[2].revents != 0)
            take_control();
        for (nfds_t i = 3; i < count; i++)
            if (watched[i].revents != 0)
                take_request((int64_t)i - 3);
        if (watched[0].revents != 0 && !take_commands()) {
            (void)kill(harness.pid, SIGKILL);
            return report_exit();
        }
    }
}

int main(int argc, char **argv) {
    harness.jose = argc == 5 && strcmp(argv[4], "jose") == 0;
    if (argc != (harness.jose ? 5 : 4) ||
        codec_integer(argv[2], 1, BOOT_LISTENERS_MAX / 2, &harness.lanes) != ERR_OK) {
        fprintf(stderr, "usage: edge_harness EDGE LANES SETTINGS-FILE [jose]\n");
        return 2;
    }
    memset(filler, 'x', sizeof filler);
    read_settings(argv[3]);
    open_sockets();
    (void)fflush(stdout);
    start_edge(argv[1]);
    return run();
}
