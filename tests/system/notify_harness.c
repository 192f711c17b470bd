#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authd/wire/notify_wire.h"
#include "firmware/base/boot.h"
#include "firmware/base/clock.h"
#include "firmware/base/frame.h"

/*
 * Plays authd and core to one notify process: notify_harness PROGRAM SETTINGS. On standard input,
 * one command a line, its words parted by tabs ("-": none):
 *   otp    NUMBER PHONE EMAIL LANGUAGE OTP TRANSACTION PROGRAMME LEFT_MS
 *   event  PHONE EMAIL LANGUAGE PROGRAMME CONFIRMED AT_MS IDENTIFIER
 * On standard output: "started PID", "ready", "delivered NUMBER 0|1", "ended STATUS". The end of
 * input ends the process as authd does.
 */
#define NOBODY         65534
#define HIGH_FD        100
#define WORDS_MAX      10
#define LINE_MAX_BYTES 1024

static struct {
    pid_t pid;
    int control, lane;
    uint32_t epoch;
    uint8_t memory[FRAME_MAX_BYTES];
} process;

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "notify_harness: %s\n", what);
    exit(1);
}

static void require(bool rule, const char *what) {
    if (!rule)
        fail(what);
}

static _Noreturn void become_program(const char *path, const int *fds, int count) {
    char *const arguments[] = {(char *)"authd-notify", NULL};
    char *const environment[] = {NULL};
    int program = fcntl(open(path, O_RDONLY | O_CLOEXEC), F_DUPFD, HIGH_FD);
    int moved[4];
    for (int i = 0; i < count; i++)
        moved[i] = fcntl(fds[i], F_DUPFD, HIGH_FD);
    for (int i = 0; i < count; i++)
        (void)dup2(moved[i], BOOT_CONTROL_FD + i);
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    if (geteuid() == 0 &&
        (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        _exit(1);
    (void)fexecve(program, arguments, environment);
    _exit(1);
}

static void send_frame(int fd, uint16_t type, uint64_t id, struct bytes payload) {
    struct frame frame = {.type = type, .id = id, .generation = 1, .payload = payload};
    require(frame_send(fd, &frame, 10000) == ERR_OK, "the process takes no frame");
}

static void send_boot_message(const char *settings_path) {
    static struct boot boot;
    static uint8_t memory[BOOT_MESSAGE_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes payload;
    FILE *file = fopen(settings_path, "r");
    require(file != NULL, "no settings");
    strcpy(boot.process, "authd-notify");
    boot.count = 1;
    strcpy(boot.peers[0].role, "core");
    boot.peers[0].fd = BOOT_PEER_FD;
    boot.peer_count = 1;
    boot.settings_len = fread(boot.settings, 1, sizeof boot.settings, file);
    (void)fclose(file);
    require(boot_encode(&boot, &buffer) == ERR_OK && buffer_end(&buffer, &payload) == ERR_OK,
            "no boot message");
    send_frame(process.control, BOOT_START, 0, payload);
}

static void start(const char *program, const char *settings_path) {
    int control[2], lane[2];
    int pulse = memfd_create("pulse", 0);
    require(pulse >= 0 && ftruncate(pulse, PULSE_SLOTS * sizeof(struct pulse)) == 0 &&
                frame_pair(control, FRAME_MAX_BYTES) == ERR_OK &&
                frame_pair(lane, FRAME_MAX_BYTES) == ERR_OK,
            "no descriptors");
    const int fds[] = {control[1], pulse, lane[1]};
    process.pid = fork();
    require(process.pid >= 0, "no process");
    if (process.pid == 0)
        become_program(program, fds, sizeof fds / sizeof *fds);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        (void)close(fds[i]);
    process.control = control[0];
    process.lane = lane[0];
    printf("started %d\n", (int)process.pid);
    send_boot_message(settings_path);
}

static bool receive(int fd, struct frame *frame) {
    return frame_receive(fd, process.memory, sizeof process.memory, frame, 20000) == ERR_OK;
}

static bool await_ready(void) {
    struct frame frame;
    uint8_t id[NOTIFY_PROCESS_ID_BYTES];
    if (!receive(process.control, &frame) || frame.type != BOOT_READY)
        return false;
    if (!receive(process.lane, &frame) || frame.type != NOTIFY_HELLO ||
        notify_wire_get_hello(frame.payload, id) != ERR_OK)
        return false;
    process.epoch = notify_wire_epoch(id);
    printf("ready\n");
    return true;
}

static void copy_word(char *target, size_t size, const char *word) {
    if (strcmp(word, "-") != 0)
        (void)snprintf(target, size, "%s", word);
}

static void send_otp(char *const *words) {
    struct notify_otp otp = {0};
    uint8_t memory[LINE_MAX_BYTES];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes payload;
    otp.by_phone = strcmp(words[2], "-") != 0;
    otp.by_email = strcmp(words[3], "-") != 0;
    copy_word(otp.phone, sizeof otp.phone, words[2]);
    copy_word(otp.email, sizeof otp.email, words[3]);
    copy_word(otp.language, sizeof otp.language, words[4]);
    copy_word(otp.otp, sizeof otp.otp, words[5]);
    copy_word(otp.transaction, sizeof otp.transaction, words[6]);
    copy_word(otp.programme, sizeof otp.programme, words[7]);
    otp.valid_until_ms = clock_wall_ms() + strtoll(words[8], NULL, 10);
    notify_wire_put_otp(&buffer, &otp);
    require(buffer_end(&buffer, &payload) == ERR_OK, "a word is too long");
    uint64_t id = (uint64_t)process.epoch << 32 | (uint32_t)strtoul(words[1], NULL, 10);
    send_frame(process.lane, NOTIFY_OTP, id, payload);
}

static void send_event(char *const *words) {
    struct notify_event event = {0};
    uint8_t memory[LINE_MAX_BYTES];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes payload;
    event.by_phone = strcmp(words[1], "-") != 0;
    event.by_email = strcmp(words[2], "-") != 0;
    copy_word(event.phone, sizeof event.phone, words[1]);
    copy_word(event.email, sizeof event.email, words[2]);
    copy_word(event.language, sizeof event.language, words[3]);
    copy_word(event.programme, sizeof event.programme, words[4]);
    event.confirmed = strcmp(words[5], "1") == 0;
    event.at_ms = strtoll(words[6], NULL, 10);
    copy_word(event.identifier, sizeof event.identifier, words[7]);
    notify_wire_put_event(&buffer, &event);
    require(buffer_end(&buffer, &payload) == ERR_OK, "a word is too long");
    send_frame(process.lane, NOTIFY_EVENT, 0, payload);
}

static bool take_command(void) {
    char line[LINE_MAX_BYTES], *words[WORDS_MAX], *rest = line;
    size_t count = 0;
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    line[strcspn(line, "\n")] = '\0';
    while (count < WORDS_MAX && (words[count] = strsep(&rest, "\t")) != NULL)
        count++;
    if (count == 9 && strcmp(words[0], "otp") == 0)
        send_otp(words);
    else if (count == 8 && strcmp(words[0], "event") == 0)
        send_event(words);
    else
        fail("a command it does not know");
    return true;
}

static bool take_answer(void) {
    struct frame frame;
    bool delivered;
    if (!receive(process.lane, &frame))
        return false;
    require(frame.type == NOTIFY_DELIVERED && frame.id >> 32 == process.epoch &&
                notify_wire_get_delivered(frame.payload, &delivered) == ERR_OK,
            "an answer that is none");
    printf("delivered %u %d\n", (unsigned)(uint32_t)frame.id, delivered);
    return true;
}

/* Until the input or the process ends. Input is unbuffered, so that poll sees all of it. */
static void serve(void) {
    struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0}, {process.lane, POLLIN, 0}};
    (void)setvbuf(stdin, NULL, _IONBF, 0);
    while (poll(fds, 2, -1) > 0) {
        if (fds[1].revents != 0 && !take_answer())
            return;
        if (fds[0].revents != 0 && !take_command())
            return;
    }
}

int main(int argc, char **argv) {
    int status;
    if (argc != 3)
        fail("usage: notify_harness PROGRAM SETTINGS");
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    start(argv[1], argv[2]);
    if (await_ready()) {
        serve();
        send_frame(process.control, BOOT_STOP, 0, bytes_of(NULL, 0));
    }
    (void)waitpid(process.pid, &status, 0);
    printf("ended %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    return 0;
}
