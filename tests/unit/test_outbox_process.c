#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "authd/wire/notify_wire.h"
#include "firmware/base/boot.h"
#include "firmware/base/clock.h"
#include "firmware/base/frame.h"

/* The shipped program between a supervisor and a core that the test plays. */
#define LANES   2
#define WAIT_MS 20000
#define NOBODY  65534
#define HIGH_FD 100 /* above every number the program will have */

static char directory[64];
static struct {
    pid_t pid;
    int control, lanes[LANES];
    uint32_t epoch; /* of the id in its HELLO */
    uint8_t memory[FRAME_MAX_BYTES];
} process;

static int make_directory(void **state) {
    (void)state;
    strcpy(directory, "/tmp/outbox-XXXXXX");
    if (mkdtemp(directory) == NULL)
        return -1;
    return geteuid() == 0 ? chown(directory, NOBODY, NOBODY) : 0;
}

static int remove_directory(void **state) {
    (void)state;
    DIR *listing = opendir(directory);
    const struct dirent *item;
    while ((item = readdir(listing)) != NULL)
        (void)unlinkat(dirfd(listing), item->d_name, 0);
    (void)closedir(listing);
    return rmdir(directory);
}

/* Moves ${fds} to the numbers from BOOT_CONTROL_FD on and becomes the program. */
static _Noreturn void become_program(int program, const int *fds, int count) {
    char *const arguments[] = {(char *)"authd-outbox", NULL};
    char *const environment[] = {NULL};
    int high = fcntl(program, F_DUPFD, HIGH_FD);
    int moved[8];
    for (int i = 0; i < count; i++)
        moved[i] = fcntl(fds[i], F_DUPFD, HIGH_FD);
    for (int i = 0; i < count; i++)
        (void)dup2(moved[i], BOOT_CONTROL_FD + i);
    if (geteuid() == 0 &&
        (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        _exit(1);
    (void)fexecve(high, arguments, environment);
    _exit(1);
}

/* As core does it: the epoch of the process that the message is meant for, and a slot. */
static uint64_t frame_id(void) {
    return (uint64_t)process.epoch << 32 | 7;
}

static void send_frame(int fd, uint16_t type, struct bytes payload) {
    struct frame frame = {.type = type, .id = frame_id(), .generation = 9, .payload = payload};
    assert_int_equal(frame_send(fd, &frame, WAIT_MS), ERR_OK);
}

static struct frame receive_frame(int fd) {
    struct frame frame;
    assert_int_equal(frame_receive(fd, process.memory, sizeof process.memory, &frame, WAIT_MS),
                     ERR_OK);
    return frame;
}

static void send_boot_message(const char *settings) {
    static struct boot boot;
    static uint8_t memory[BOOT_MESSAGE_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes payload;
    memset(&boot, 0, sizeof boot);
    strcpy(boot.process, "authd-outbox");
    boot.count = 1;
    for (uint16_t i = 0; i < LANES; i++) {
        struct boot_peer *peer = &boot.peers[boot.peer_count++];
        strcpy(peer->role, "core");
        peer->lane = i;
        peer->fd = BOOT_PEER_FD + i;
    }
    boot.settings_len = (size_t)snprintf(boot.settings, sizeof boot.settings,
                                         "outbox-directory = %s\n%s", directory, settings);
    assert_int_equal(boot_encode(&boot, &buffer), ERR_OK);
    assert_int_equal(buffer_end(&buffer, &payload), ERR_OK);
    send_frame(process.control, BOOT_START, payload);
}

static void start(const char *settings) {
    int control[2], lanes[LANES][2];
    int program = open(getenv("AUTHD_OUTBOX"), O_RDONLY | O_CLOEXEC);
    int pulse = memfd_create("pulse", 0);
    assert_true(program >= 0);
    assert_int_equal(ftruncate(pulse, PULSE_SLOTS * sizeof(struct pulse)), 0);
    assert_int_equal(frame_pair(control, FRAME_MAX_BYTES), ERR_OK);
    for (int i = 0; i < LANES; i++)
        assert_int_equal(frame_pair(lanes[i], FRAME_MAX_BYTES), ERR_OK);
    const int fds[] = {control[1], pulse, lanes[0][1], lanes[1][1]};
    process.pid = fork();
    assert_true(process.pid >= 0);
    if (process.pid == 0)
        become_program(program, fds, sizeof fds / sizeof *fds);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        (void)close(fds[i]);
    (void)close(program);
    process.control = control[0];
    for (int i = 0; i < LANES; i++)
        process.lanes[i] = lanes[i][0];
    send_boot_message(settings);
}

/* Takes the first message of each lane, which must be HELLO, and gives the id it carries. */
static void take_hello(uint8_t id[static NOTIFY_PROCESS_ID_BYTES]) {
    for (int i = 0; i < LANES; i++) {
        uint8_t other[NOTIFY_PROCESS_ID_BYTES];
        struct frame hello = receive_frame(process.lanes[i]);
        assert_int_equal(hello.type, NOTIFY_HELLO);
        assert_int_equal(notify_wire_get_hello(hello.payload, other), ERR_OK);
        if (i > 0)
            assert_memory_equal(id, other, NOTIFY_PROCESS_ID_BYTES);
        memcpy(id, other, NOTIFY_PROCESS_ID_BYTES);
    }
    process.epoch = notify_wire_epoch(id);
}

static void start_until_ready(const char *settings) {
    uint8_t id[NOTIFY_PROCESS_ID_BYTES];
    start(settings);
    take_hello(id);
    assert_int_equal(receive_frame(process.control).type, BOOT_READY);
}

static int wait_for_end(void) {
    int status;
    assert_int_equal(waitpid(process.pid, &status, 0), process.pid);
    (void)close(process.control);
    for (int i = 0; i < LANES; i++)
        (void)close(process.lanes[i]);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void stop(void) {
    send_frame(process.control, BOOT_STOP, bytes_of(NULL, 0));
    assert_int_equal(wait_for_end(), BOOT_EXIT_CLEAN);
}

static struct notify_otp sample(void) {
    return (struct notify_otp){.by_phone = true,
                               .by_email = true,
                               .phone = "+212612345678",
                               .email = "amina@example.org",
                               .language = "fra",
                               .otp = "012345",
                               .transaction = "1234567890",
                               .programme = "Tayssir",
                               .valid_until_ms = clock_wall_ms() + 180000};
}

static bool deliver(int lane, const struct notify_otp *otp) {
    uint8_t memory[1024];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes payload;
    bool delivered;
    notify_wire_put_otp(&buffer, otp);
    assert_int_equal(buffer_end(&buffer, &payload), ERR_OK);
    send_frame(process.lanes[lane], NOTIFY_OTP, payload);
    struct frame answer = receive_frame(process.lanes[lane]);
    assert_int_equal(answer.type, NOTIFY_DELIVERED);
    assert_int_equal(answer.id, frame_id());
    assert_int_equal(answer.generation, 9);
    assert_int_equal(notify_wire_get_delivered(answer.payload, &delivered), ERR_OK);
    return delivered;
}

static int is_message(const struct dirent *item) {
    return item->d_name[0] != '.';
}

/* The messages in the folder, oldest first; free with json_decref. */
static json_t *messages(void) {
    struct dirent **items;
    int count = scandir(directory, &items, is_message, alphasort);
    json_t *all = json_array();
    for (int i = 0; i < count; i++) {
        char path[512];
        json_error_t error;
        (void)snprintf(path, sizeof path, "%s/%s", directory, items[i]->d_name);
        assert_int_equal(json_array_append_new(all, json_load_file(path, 0, &error)), 0);
        free(items[i]);
    }
    free(items);
    return all;
}

static const char *member(const json_t *all, size_t index, const char *name) {
    const char *text = json_string_value(json_object_get(json_array_get(all, index), name));
    assert_non_null(text);
    return text;
}

static void a_code_becomes_one_file_for_each_channel(void **state) {
    (void)state;
    start_until_ready("");
    struct notify_otp otp = sample();
    assert_true(deliver(0, &otp));
    json_t *all = messages();
    assert_int_equal(json_array_size(all), 2);
    assert_string_equal(member(all, 0, "channel"), "phone");
    assert_string_equal(member(all, 0, "to"), otp.phone);
    assert_string_equal(member(all, 1, "channel"), "email");
    assert_string_equal(member(all, 1, "to"), otp.email);
    for (size_t i = 0; i < 2; i++) {
        int64_t sent_at;
        assert_int_equal(json_object_size(json_array_get(all, i)), 7);
        assert_string_equal(member(all, i, "language"), "fra");
        assert_string_equal(member(all, i, "otp"), "012345");
        assert_string_equal(member(all, i, "transactionID"), "1234567890");
        assert_non_null(strstr(member(all, i, "text"), "Tayssir est 012345, valable 3 minutes"));
        assert_int_equal(clock_parse_millis(bytes_of_text(member(all, i, "sentAt")), &sent_at),
                         ERR_OK);
        assert_true(sent_at <= clock_wall_ms() && sent_at > clock_wall_ms() - 60000);
    }
    json_decref(all);
    stop();
}

static struct notify_event sample_event(void) {
    return (struct notify_event){.by_phone = true,
                                 .phone = "+212612345678",
                                 .language = "fra",
                                 .programme = "Tayssir",
                                 .confirmed = true,
                                 .at_ms = 1737152400000, /* 2025-01-17T22:20:00Z */
                                 .identifier = "XXXXXX1234"};
}

static void tell(const struct notify_event *event) {
    uint8_t memory[1024];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes payload;
    notify_wire_put_event(&buffer, event);
    assert_int_equal(buffer_end(&buffer, &payload), ERR_OK);
    send_frame(process.lanes[0], NOTIFY_EVENT, payload);
}

static void an_authentication_is_told_without_an_answer(void **state) {
    (void)state;
    start_until_ready("");
    struct notify_event event = sample_event();
    struct notify_otp otp = sample();
    tell(&event);
    event.confirmed = false;
    tell(&event);
    otp.by_email = false;
    assert_true(deliver(0, &otp)); /* the first answer is that of the code */
    json_t *all = messages();
    assert_int_equal(json_array_size(all), 3);
    for (size_t i = 0; i < 2; i++) {
        assert_true(json_is_null(json_object_get(json_array_get(all, i), "otp")));
        assert_true(json_is_null(json_object_get(json_array_get(all, i), "transactionID")));
        assert_int_equal(json_object_size(json_array_get(all, i)), 7);
        assert_non_null(strstr(member(all, i, "text"), "Tayssir le 17-01-2025 à 23:20"));
    }
    assert_non_null(strstr(member(all, 0, "text"), "a été confirmée"));
    assert_non_null(strstr(member(all, 1, "text"), "a échoué"));
    json_decref(all);
    stop();
}

static void every_lane_is_served(void **state) {
    (void)state;
    start_until_ready("");
    struct notify_otp otp = sample();
    otp.by_email = false;
    for (int lane = 0; lane < LANES; lane++)
        assert_true(deliver(lane, &otp));
    json_t *all = messages();
    assert_int_equal(json_array_size(all), LANES);
    json_decref(all);
    stop();
}

static void a_language_without_texts_becomes_the_default(void **state) {
    (void)state;
    start_until_ready("default-language = zgh\n");
    struct notify_otp otp = sample();
    otp.by_email = false;
    strcpy(otp.language, "spa");
    assert_true(deliver(0, &otp));
    json_t *all = messages();
    assert_string_equal(member(all, 0, "language"), "zgh");
    assert_non_null(strstr(member(all, 0, "text"), "ⵜⴰⵏⴳⴰⵍⵜ"));
    json_decref(all);
    stop();
}

static void a_code_that_has_expired_is_not_sent(void **state) {
    (void)state;
    start_until_ready("");
    struct notify_otp otp = sample();
    otp.valid_until_ms = clock_wall_ms() - 1;
    assert_false(deliver(0, &otp));
    json_t *all = messages();
    assert_int_equal(json_array_size(all), 0);
    json_decref(all);
    stop();
}

static void a_folder_that_is_gone_is_told_and_not_fatal(void **state) {
    (void)state;
    start_until_ready("");
    struct notify_otp otp = sample();
    assert_int_equal(rmdir(directory), 0);
    assert_false(deliver(0, &otp));
    assert_false(deliver(0, &otp));
    assert_int_equal(mkdir(directory, 0700), 0);
    stop();
}

static void a_core_that_was_started_anew_is_greeted_again(void **state) {
    (void)state;
    uint8_t first[NOTIFY_PROCESS_ID_BYTES], second[NOTIFY_PROCESS_ID_BYTES], memory[64];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes payload;
    start("");
    take_hello(first);
    assert_int_equal(boot_encode_peer("core", 0, &buffer), ERR_OK);
    assert_int_equal(buffer_end(&buffer, &payload), ERR_OK);
    assert_int_equal(receive_frame(process.control).type, BOOT_READY);
    send_frame(process.control, BOOT_PEER_DOWN, payload);
    send_frame(process.control, BOOT_PEER_UP, payload);
    take_hello(second);
    assert_memory_equal(first, second, sizeof first);
    stop();
}

static void another_process_has_another_id(void **state) {
    (void)state;
    uint8_t first[NOTIFY_PROCESS_ID_BYTES], second[NOTIFY_PROCESS_ID_BYTES];
    start("");
    take_hello(first);
    assert_int_equal(receive_frame(process.control).type, BOOT_READY);
    stop();
    start("");
    take_hello(second);
    assert_int_equal(receive_frame(process.control).type, BOOT_READY);
    stop();
    assert_memory_not_equal(first, second, sizeof first);
}

static void a_message_for_its_predecessor_is_not_sent(void **state) {
    (void)state;
    struct notify_otp otp = sample();
    start_until_ready("");
    process.epoch++;
    assert_false(deliver(0, &otp));
    json_t *all = messages();
    assert_int_equal(json_array_size(all), 0);
    json_decref(all);
    stop();
}

static void the_process_is_confined(void **state) {
    (void)state;
    char path[64], text[4096] = {0};
    start_until_ready("");
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)process.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    (void)close(fd);
    assert_non_null(strstr(text, "\nNoNewPrivs:\t1\n"));
    assert_non_null(strstr(text, "\nSeccomp:\t2\n"));
    assert_non_null(strstr(text, "\nCapPrm:\t0000000000000000\n"));
    stop();
}

static void a_malformed_frame_ends_the_process_and_writes_nothing(void **state) {
    (void)state;
    start_until_ready("");
    send_frame(process.lanes[0], NOTIFY_OTP, bytes_of_text("\x01\x01garbage"));
    assert_int_equal(wait_for_end(), BOOT_EXIT_FAILURE);
    json_t *all = messages();
    assert_int_equal(json_array_size(all), 0);
    json_decref(all);
}

static void a_message_that_no_core_sends_ends_the_process(void **state) {
    (void)state;
    start_until_ready("");
    send_frame(process.lanes[1], NOTIFY_HELLO, bytes_of(NULL, 0));
    assert_int_equal(wait_for_end(), BOOT_EXIT_FAILURE);
}

static void wrong_settings_are_refused_for_good(void **state) {
    (void)state;
    static const char *const wrong[] = {"default-language = de\n", "keep-files = 0\n",
                                        "no-such-setting = 1\n", "default-language = deutsch\n",
                                        "time-zone = Africa/Atlantis\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        start(wrong[i]);
        assert_int_equal(wait_for_end(), BOOT_EXIT_CONFIG);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_code_becomes_one_file_for_each_channel),
        IN_FOLDER(an_authentication_is_told_without_an_answer),
        IN_FOLDER(every_lane_is_served),
        IN_FOLDER(a_language_without_texts_becomes_the_default),
        IN_FOLDER(a_code_that_has_expired_is_not_sent),
        IN_FOLDER(a_folder_that_is_gone_is_told_and_not_fatal),
        IN_FOLDER(a_core_that_was_started_anew_is_greeted_again),
        IN_FOLDER(another_process_has_another_id),
        IN_FOLDER(a_message_for_its_predecessor_is_not_sent),
        IN_FOLDER(the_process_is_confined),
        IN_FOLDER(a_malformed_frame_ends_the_process_and_writes_nothing),
        IN_FOLDER(a_message_that_no_core_sends_ends_the_process),
        IN_FOLDER(wrong_settings_are_refused_for_good),
    };
    if (getenv("AUTHD_OUTBOX") == NULL) {
        fprintf(stderr, "set AUTHD_OUTBOX to the path of authd-outbox, as ctest does\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
