#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/boot.h"
#include "firmware/base/conf.h"
#include "firmware/base/frame.h"

static uint8_t message[BOOT_MESSAGE_MAX];
static struct boot sample, read_back;

static void add_peer(struct boot *boot, const char *role, uint16_t index, uint16_t lane, int fd) {
    struct boot_peer *peer = &boot->peers[boot->peer_count++];
    snprintf(peer->role, sizeof peer->role, "%s", role);
    peer->index = index;
    peer->lane = lane;
    peer->fd = fd;
}

static void make_sample(void) {
    memset(&sample, 0, sizeof sample);
    snprintf(sample.process, sizeof sample.process, "authd-test");
    sample.index = 3;
    sample.count = 4;
    sample.as_root = true;
    add_peer(&sample, "hsm", 0, 1, 5);
    add_peer(&sample, "hsm", 1, 1, 6);
    add_peer(&sample, "edge", 0, 0, 7);
    sample.listeners[0] = 8;
    sample.listeners[1] = 9;
    sample.listener_count = 2;
    sample.settings_len =
        (size_t)snprintf(sample.settings, sizeof sample.settings, "answer = 42\n");
}

static struct bytes encoded(const struct boot *boot) {
    struct buffer buffer = buffer_over(message, sizeof message);
    struct bytes written;
    assert_int_equal(boot_encode(boot, &buffer), ERR_OK);
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    return written;
}

static void a_boot_message_survives_encoding_and_decoding(void **state) {
    (void)state;
    make_sample();
    assert_int_equal(boot_decode(encoded(&sample), &read_back), ERR_OK);
    assert_string_equal(read_back.process, "authd-test");
    assert_int_equal(read_back.index, 3);
    assert_int_equal(read_back.count, 4);
    assert_true(read_back.as_root);
    assert_int_equal(read_back.peer_count, 3);
    assert_int_equal(read_back.listener_count, 2);
    assert_int_equal(read_back.listeners[1], 9);
    assert_int_equal(boot_peer_fd(&read_back, "hsm", 1, 1), 6);
    assert_int_equal(boot_peer_fd(&read_back, "edge", 0, 0), 7);
    assert_int_equal(boot_peer_fd(&read_back, "hsm", 1, 0), -1);
    assert_int_equal(boot_peer_fd(&read_back, "hsm", 2, 1), -1);
    assert_int_equal(boot_peer_fd(&read_back, "core", 0, 0), -1);
    assert_true(
        bytes_equal_text(bytes_of(read_back.settings, read_back.settings_len), "answer = 42\n"));
}

static void the_largest_boot_message_fits(void **state) {
    (void)state;
    make_sample();
    sample.peer_count = 0;
    for (int i = 0; i < BOOT_PEERS_MAX; i++)
        add_peer(&sample, "a-role-of-23-characters", (uint16_t)i, 0, BOOT_PEER_FD + i);
    sample.listener_count = BOOT_LISTENERS_MAX;
    for (int i = 0; i < BOOT_LISTENERS_MAX; i++)
        sample.listeners[i] = BOOT_PEER_FD + BOOT_PEERS_MAX + i;
    memset(sample.settings, 'x', sizeof sample.settings);
    sample.settings_len = sizeof sample.settings;
    assert_int_equal(boot_decode(encoded(&sample), &read_back), ERR_OK);
    assert_int_equal(read_back.peer_count, BOOT_PEERS_MAX);

    struct buffer buffer = buffer_over(message, sizeof message);
    sample.peer_count = BOOT_PEERS_MAX + 1;
    assert_int_equal(boot_encode(&sample, &buffer), ERR_TOO_LARGE);
    sample.peer_count = 0;
    sample.settings_len = BOOT_SETTINGS_MAX + 1;
    assert_int_equal(boot_encode(&sample, &buffer), ERR_TOO_LARGE);
}

static void every_shortened_boot_message_is_refused(void **state) {
    (void)state;
    make_sample();
    struct bytes whole = encoded(&sample);
    for (size_t len = 0; len < whole.len; len++)
        assert_int_not_equal(boot_decode(bytes_of(whole.data, len), &read_back), ERR_OK);
    message[whole.len] = 0;
    assert_int_equal(boot_decode(bytes_of(whole.data, whole.len + 1), &read_back), ERR_MALFORMED);
}

static void doubtful_descriptors_are_refused(void **state) {
    (void)state;
    static const int doubtful[] = {-1, 0, 2, BOOT_CONTROL_FD, BOOT_PULSE_FD, 6, 8, 100000};
    for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++) {
        make_sample();
        sample.peers[0].fd = doubtful[i];
        assert_int_equal(boot_decode(encoded(&sample), &read_back), ERR_MALFORMED);
    }
    make_sample();
    sample.listeners[0] = 5;
    assert_int_equal(boot_decode(encoded(&sample), &read_back), ERR_MALFORMED);
}

static void states_are_named_and_recognised(void **state) {
    (void)state;
    assert_string_equal(box_state_text(BOX_UNPROVISIONED), "unprovisioned");
    assert_string_equal(box_state_text(BOX_OPERATIONAL), "operational");
    assert_string_equal(box_state_text(BOX_DEGRADED), "degraded");
    assert_string_equal(box_state_text((enum box_state)99), "unknown");
    enum box_state read = BOX_LOCKED;
    for (uint8_t number = 0; number < 255; number++) {
        enum err err = boot_decode_state(bytes_of(&number, 1), &read);
        assert_int_equal(err, number <= BOX_DEGRADED ? ERR_OK : ERR_MALFORMED);
    }
    assert_int_equal(boot_decode_state(bytes_of("", 0), &read), ERR_TRUNCATED);
    assert_int_equal(boot_decode_state(bytes_of("\2\2", 2), &read), ERR_MALFORMED);
}

static void errors_become_exit_codes(void **state) {
    (void)state;
    assert_int_equal(boot_exit_code(ERR_OK), BOOT_EXIT_CLEAN);
    assert_int_equal(boot_exit_code(ERR_CONFIG), BOOT_EXIT_CONFIG);
    assert_int_equal(boot_exit_code(ERR_PIN), BOOT_EXIT_PIN_REFUSED);
    assert_int_equal(boot_exit_code(ERR_HSM), BOOT_EXIT_FAILURE);
    assert_int_equal(boot_exit_code(ERR_DENIED), BOOT_EXIT_FAILURE);
}

/* A child as authd would start it, in a fork of this test. */

struct child_settings {
    int64_t answer;
};

static const struct conf_key child_keys[] = {
    {.name = "answer",
     .type = CONF_NUMBER,
     .offset = offsetof(struct child_settings, answer),
     .min = 1,
     .max = 100,
     .meaning = "a number"},
};

static const struct boot_program child_program = {
    .name = "authd-test", .summary = "a program under test", .keys = child_keys, .key_count = 1};

struct parent {
    pid_t child;
    int control;
    int peer;
    struct pulse *pulse;
};

static struct boot child_boot;
static int events[8];
static size_t event_count;

static void note_down(void *context, const char *role, uint16_t index) {
    (void)context;
    events[event_count++] = strcmp(role, "core") == 0 ? 100 + index : -1;
}

static void note_up(void *context, const char *role, uint16_t index) {
    struct serve *serve = context;
    events[event_count++] = strcmp(role, "core") == 0 ? 200 + index : -1;
    if (boot_report_peer(serve, role, index) != ERR_OK)
        _exit(30);
}

static void note_state(void *context, enum box_state state) {
    struct serve *serve = context;
    events[event_count++] = 300 + (int)state;
    if (boot_report_state(serve, BOX_FAILED) != ERR_OK)
        _exit(31);
}

/* Exit 0: all went as expected; else the number says where it did not. */
static int child_main(int stray) {
    char *arguments[] = {(char[]){"authd-test"}, NULL};
    bool finished = false;
    if (boot_receive(1, arguments, &child_program, &child_boot, &finished) != ERR_OK || finished)
        return 10;
    if (fcntl(stray, F_GETFD) >= 0 || fcntl(BOOT_PULSE_FD, F_GETFD) >= 0)
        return 11;
    struct child_settings settings;
    struct conf_problem problem;
    if (conf_parse(bytes_of(child_boot.settings, child_boot.settings_len), child_keys, 1, &settings,
                   &problem) != ERR_OK ||
        settings.answer != 42)
        return 12;
    struct serve *serve;
    if (serve_open(&serve, &child_boot.pulse[3]) != ERR_OK)
        return 13;
    struct boot_control control = {
        .peer_down = note_down, .peer_up = note_up, .state = note_state, .context = serve};
    if (boot_ready(&child_boot, serve, &control) != ERR_OK || serve_run(serve) != ERR_OK)
        return 14;
    serve_close(serve);
    return event_count == 3 && events[0] == 107 && events[1] == 207 &&
                   events[2] == 300 + BOX_OPERATIONAL
               ? 0
               : 15;
}

static struct parent start_child(void) {
    int control[2], peer[2];
    assert_int_equal(frame_pair(control, 65536), ERR_OK);
    assert_int_equal(frame_pair(peer, 65536), ERR_OK);
    int page = memfd_create("pulse", MFD_CLOEXEC);
    assert_int_equal(ftruncate(page, 4096), 0);
    struct parent parent = {.control = control[0], .peer = peer[0]};
    parent.pulse = mmap(NULL, 4096, PROT_READ, MAP_SHARED, page, 0);
    assert_true(parent.pulse != MAP_FAILED);
    parent.child = fork();
    assert_true(parent.child >= 0);
    if (parent.child == 0) {
        int high_control = fcntl(control[1], F_DUPFD, 20), high_page = fcntl(page, F_DUPFD, 20);
        int high_peer = fcntl(peer[1], F_DUPFD, 20), stray = fcntl(STDIN_FILENO, F_DUPFD, 40);
        dup2(high_control, BOOT_CONTROL_FD);
        dup2(high_page, BOOT_PULSE_FD);
        dup2(high_peer, BOOT_PEER_FD);
        _exit(child_main(stray));
    }
    close(control[1]);
    close(peer[1]);
    close(page);
    return parent;
}

static void tell(int fd, uint16_t type, struct bytes payload) {
    struct frame frame = {.type = type, .payload = payload};
    assert_int_equal(frame_send(fd, &frame, 1000), ERR_OK);
}

static void tell_peer(int fd, uint16_t type, const char *role, uint16_t index) {
    uint8_t payload[64];
    struct buffer buffer = buffer_over(payload, sizeof payload);
    struct bytes written;
    assert_int_equal(boot_encode_peer(role, index, &buffer), ERR_OK);
    assert_int_equal(buffer_end(&buffer, &written), ERR_OK);
    tell(fd, type, written);
}

static struct frame hear(int fd) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    assert_int_equal(frame_receive(fd, memory, sizeof memory, &frame, 10000), ERR_OK);
    return frame;
}

static int end_of(struct parent *parent) {
    int status;
    assert_int_equal(waitpid(parent->child, &status, 0), parent->child);
    if (parent->control >= 0)
        close(parent->control);
    close(parent->peer);
    munmap(parent->pulse, 4096);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void tell_start(struct parent *parent) {
    make_sample();
    sample.peer_count = 1;
    sample.peers[0].fd = BOOT_PEER_FD;
    sample.listener_count = 0;
    sample.as_root = false;
    tell(parent->control, BOOT_START, encoded(&sample));
}

static void a_child_starts_talks_and_stops(void **state) {
    (void)state;
    struct parent parent = start_child();
    tell_start(&parent);
    assert_int_equal(hear(parent.control).type, BOOT_READY);
    tell_peer(parent.control, BOOT_PEER_DOWN, "core", 7);
    tell_peer(parent.control, BOOT_PEER_UP, "core", 7);
    struct frame report = hear(parent.control);
    char role[BOOT_NAME_SIZE];
    uint16_t index;
    assert_int_equal(report.type, BOOT_REPORT_PEER);
    assert_int_equal(boot_decode_peer(report.payload, role, &index), ERR_OK);
    assert_string_equal(role, "core");
    assert_int_equal(index, 7);
    tell(parent.control, BOOT_STATE, bytes_of(&(uint8_t){BOX_OPERATIONAL}, 1));
    report = hear(parent.control);
    enum box_state reported;
    assert_int_equal(report.type, BOOT_REPORT_STATE);
    assert_int_equal(boot_decode_state(report.payload, &reported), ERR_OK);
    assert_int_equal(reported, BOX_FAILED);
    assert_true(atomic_load(&parent.pulse[3].beat_ms) > 0);
    assert_true(atomic_load(&parent.pulse[0].beat_ms) == 0);
    tell(parent.control, BOOT_STOP, bytes_of(NULL, 0));
    assert_int_equal(end_of(&parent), 0);
}

static void a_child_ends_when_its_supervisor_is_gone(void **state) {
    (void)state;
    struct parent parent = start_child();
    tell_start(&parent);
    assert_int_equal(hear(parent.control).type, BOOT_READY);
    close(parent.control);
    parent.control = -1;
    assert_int_equal(end_of(&parent), 15);
}

static void a_message_for_another_program_is_refused(void **state) {
    (void)state;
    struct parent parent = start_child();
    make_sample();
    snprintf(sample.process, sizeof sample.process, "authd-other");
    tell(parent.control, BOOT_START, encoded(&sample));
    assert_int_equal(end_of(&parent), 10);
}

static void a_child_that_must_not_be_root_refuses(void **state) {
    (void)state;
    if (geteuid() != 0)
        skip();
    struct parent parent = start_child();
    make_sample();
    tell(parent.control, BOOT_START, encoded(&sample));
    assert_int_equal(end_of(&parent), 10);
}

/* --check, --help and --version, with ${input} on standard input. */
static int run_option(const char *option, const char *input) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], input, strlen(input)), (ssize_t)strlen(input));
    close(ends[1]);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *arguments[] = {(char[]){"authd-test"}, strdup(option), NULL};
        bool finished = false;
        dup2(ends[0], STDIN_FILENO);
        int silent = open("/dev/null", O_WRONLY);
        dup2(silent, STDOUT_FILENO);
        dup2(silent, STDERR_FILENO);
        enum err err = boot_receive(2, arguments, &child_program, &child_boot, &finished);
        _exit(finished ? boot_exit_code(err) : 99);
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void settings_are_checked_without_a_start(void **state) {
    (void)state;
    assert_int_equal(run_option("--check", "answer = 42\n"), BOOT_EXIT_CLEAN);
    assert_int_equal(run_option("--check", "answer = 101\n"), BOOT_EXIT_CONFIG);
    assert_int_equal(run_option("--check", "question = 42\n"), BOOT_EXIT_CONFIG);
    assert_int_equal(run_option("--check", ""), BOOT_EXIT_CONFIG);
    assert_int_equal(run_option("--help", ""), BOOT_EXIT_CLEAN);
    assert_int_equal(run_option("--version", ""), BOOT_EXIT_CLEAN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_boot_message_survives_encoding_and_decoding),
        cmocka_unit_test(the_largest_boot_message_fits),
        cmocka_unit_test(every_shortened_boot_message_is_refused),
        cmocka_unit_test(doubtful_descriptors_are_refused),
        cmocka_unit_test(states_are_named_and_recognised),
        cmocka_unit_test(errors_become_exit_codes),
        cmocka_unit_test(a_child_starts_talks_and_stops),
        cmocka_unit_test(a_child_ends_when_its_supervisor_is_gone),
        cmocka_unit_test(a_message_for_another_program_is_refused),
        cmocka_unit_test(a_child_that_must_not_be_root_refuses),
        cmocka_unit_test(settings_are_checked_without_a_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
