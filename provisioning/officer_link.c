#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "firmware/base/frame.h"
#include "firmware/base/secret.h"
#include "provisioning/officer_link.h"
#include "provisioning/officer_text.h"

#define SEND_WAIT_MS   30000
#define ANSWER_WAIT_MS 300000 /* a token may take minutes over its keys, and others may queue */

static uint8_t received[FRAME_MAX_BYTES];

static enum result connect_link(struct officer_link *link) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (link->fd >= 0)
        return RESULT_DONE;
    if (strlen(link->socket_path) >= sizeof address.sun_path) {
        officer_text_complain(TEXT_TOO_LONG, "--socket", "107");
        return RESULT_USAGE;
    }
    memcpy(address.sun_path, link->socket_path, strlen(link->socket_path) + 1);
    link->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (link->fd >= 0 && connect(link->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return RESULT_DONE;
    if (errno == EACCES)
        officer_text_complain(TEXT_NOT_LET_IN, NULL, NULL);
    else
        officer_text_complain(TEXT_NO_SOCKET, link->socket_path, strerror(errno));
    officer_link_close(link);
    return RESULT_REFUSED;
}

/* provd ends a connection that asked nothing for a while: the next question makes another. */
static bool has_ended(int fd) {
    struct pollfd poller = {.fd = fd, .events = POLLRDHUP};
    return poll(&poller, 1, 0) > 0;
}

/* What is sent must fit into the socket's memory whole. */
static void make_room(int fd) {
    const int bytes = 2 * FRAME_MAX_BYTES;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/* ---- an officer who does not wait for the answer ---- */

static const int interruptions[] = {SIGINT, SIGTERM, SIGHUP};
static const char *volatile interrupted; /* what is said then */

static void say_interrupted(int signal_number) {
    const char *text = interrupted;
    (void)!write(STDERR_FILENO, text, strlen(text));
    (void)raise(signal_number); /* which ends the process, once this has returned */
}

static void on_interruption(void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = (int)SA_RESETHAND};
    interrupted = officer_text_plain(TEXT_INTERRUPTED);
    for (size_t i = 0; i < sizeof interruptions / sizeof *interruptions; i++) {
        struct sigaction now = {.sa_handler = SIG_IGN}; /* as after nohup: so it stays */
        if (sigaction(interruptions[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            (void)sigaction(interruptions[i], &action, NULL);
    }
}

/* What provd says to whom it does not let in may come before it reads any question. */
static enum err exchange(struct officer_link *link, const struct frame *question,
                         struct frame *answer) {
    make_room(link->fd);
    enum err err = frame_send(link->fd, question, SEND_WAIT_MS);
    if (err != ERR_CLOSED)
        ERR_TRY(err);
    ERR_TRY(frame_receive(link->fd, received, sizeof received, answer, ANSWER_WAIT_MS));
    if (answer->type == OFFICER_TURNED_AWAY)
        return ERR_OK;
    if (answer->id != question->id || answer->type != question->type + 1)
        return ERR_MALFORMED;
    return ERR_OK;
}

enum result officer_link_ask(struct officer_link *link, enum officer_verb verb,
                             struct bytes question, struct bytes *answer) {
    if (link->fd >= 0 && has_ended(link->fd))
        officer_link_close(link);
    RESULT_TRY(connect_link(link));
    struct frame sent = {.type = (uint16_t)verb, .id = ++link->last_id, .payload = question};
    struct frame got;
    struct officer_outcome outcome;
    on_interruption(say_interrupted);
    enum err err = exchange(link, &sent, &got);
    on_interruption(SIG_DFL);
    *answer = got.payload;
    if (err == ERR_OK && got.type != OFFICER_TURNED_AWAY)
        return RESULT_DONE;
    if (err == ERR_OK)
        err = officer_wire_get_outcome(got.payload, &outcome);
    if (err == ERR_OK)
        officer_text_refusal(&outcome, NULL);
    else
        officer_text_complain(TEXT_NO_ANSWER, err_text(err), NULL);
    officer_link_close(link);
    return RESULT_REFUSED;
}

enum result officer_link_judge(enum err err, const struct officer_outcome *outcome,
                               const char *where) {
    if (err != ERR_OK)
        officer_text_complain(TEXT_NO_ANSWER, err_text(err), NULL);
    else if (outcome->status != ERR_OK)
        officer_text_refusal(outcome, where);
    else
        return RESULT_DONE;
    return RESULT_REFUSED;
}

enum result officer_link_change(struct officer_link *link, enum officer_verb verb,
                                const struct buffer *question, const char *where,
                                struct officer_outcome *outcome) {
    struct officer_outcome ignored = {0}, *told = outcome != NULL ? outcome : &ignored;
    struct bytes written, answer;
    *told = (struct officer_outcome){.status = ERR_UNAVAILABLE};
    if (buffer_end(question, &written) != ERR_OK) {
        officer_text_complain(TEXT_TOO_LONG, where != NULL ? where : "question", "261000");
        return RESULT_USAGE;
    }
    RESULT_TRY(officer_link_ask(link, verb, written, &answer));
    enum err err = officer_wire_get_outcome(answer, told);
    return officer_link_judge(err, told, where);
}

void officer_link_close(struct officer_link *link) {
    if (link->fd >= 0)
        (void)close(link->fd);
    link->fd = -1;
    secret_wipe(received, sizeof received);
}
