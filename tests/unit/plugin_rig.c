#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/plugin_rig.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define NOBODY          65534
#define SOCKET_BYTES    (1u << 20)
#define GENERATION      7

struct plugin_rig plugin_rig;

static const char *const libraries[] = {"plugin_sample", "plugin_hostile", "plugin_other_version",
                                        "plugin_other_table"};
static uint8_t packet[FRAME_MAX_BYTES];

const char *plugin_rig_library(const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s.so", plugin_rig.folder, name);
    return path;
}

/* Out of the build, whose folders may be anybody's to write. */
static void copy_library(const char *name) {
    char command[512];
    snprintf(command, sizeof command, "install -m 0755 '%s/%s.so' '%s'", PLUGIN_LIBRARIES, name,
             plugin_rig_library(name));
    assert_int_equal(system(command), 0);
}

int plugin_rig_set_up(void **state) {
    (void)state;
    memset(&plugin_rig, 0, sizeof plugin_rig);
    snprintf(plugin_rig.folder, sizeof plugin_rig.folder, "/tmp/idcs-plugin-XXXXXX");
    assert_non_null(mkdtemp(plugin_rig.folder));
    assert_int_equal(chmod(plugin_rig.folder, 0755), 0);
    for (size_t i = 0; i < COUNT_OF(libraries); i++)
        copy_library(libraries[i]);
    return 0;
}

static void close_ends(void) {
    const int ends[] = {
        plugin_rig.control, plugin_rig.child_control, plugin_rig.core,     plugin_rig.child_core,
        plugin_rig.provd,   plugin_rig.child_provd,   plugin_rig.pulse_fd, plugin_rig.log};
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (ends[i] > 0)
            (void)close(ends[i]);
}

int plugin_rig_tear_down(void **state) {
    (void)state;
    char command[128];
    if (plugin_rig.child > 0) {
        (void)kill(plugin_rig.child, SIGKILL);
        (void)waitpid(plugin_rig.child, NULL, 0);
    }
    close_ends();
    if (plugin_rig.pulse != NULL)
        (void)munmap((void *)(uintptr_t)plugin_rig.pulse, PULSE_SLOTS * sizeof(struct pulse));
    snprintf(command, sizeof command, "rm -r '%s'", plugin_rig.folder);
    return system(command);
}

static void add_peer(struct boot *boot, const char *role, int fd) {
    struct boot_peer *peer = &boot->peers[boot->peer_count++];
    snprintf(peer->role, sizeof peer->role, "%s", role);
    peer->fd = fd;
}

static void send_boot_message(void) {
    static struct boot boot;
    static uint8_t memory[BOOT_MESSAGE_MAX];
    boot = (struct boot){.process = "authd-plugin", .count = 1};
    boot.settings_len =
        (size_t)snprintf(boot.settings, sizeof boot.settings, "%s", plugin_rig.settings);
    add_peer(&boot, "core", BOOT_PEER_FD);
    add_peer(&boot, "provd", BOOT_PEER_FD + 1);
    struct buffer target = buffer_over(memory, sizeof memory);
    assert_int_equal(boot_encode(&boot, &target), ERR_OK);
    struct frame frame = {.type = BOOT_START, .payload = bytes_of(memory, target.len)};
    assert_int_equal(frame_send(plugin_rig.control, &frame, PLUGIN_RIG_WAIT_MS), ERR_OK);
}

/* In the child: the descriptors where the boot message says, and no more than that. */
static void become_plugin(int program) {
    int ends[] = {plugin_rig.child_control, plugin_rig.pulse_fd, plugin_rig.child_core,
                  plugin_rig.child_provd};
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        ends[i] = fcntl(ends[i], F_DUPFD, 100);
    for (size_t i = 0; i < COUNT_OF(ends); i++)
        if (dup2(ends[i], BOOT_CONTROL_FD + (int)i) < 0)
            _exit(99);
    if (dup2(plugin_rig.log, STDERR_FILENO) < 0)
        _exit(98);
    if (geteuid() == 0 &&
        (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        _exit(97);
    char *arguments[] = {(char[]){"authd-plugin"}, NULL}, *environment[] = {NULL};
    fexecve(program, arguments, environment);
    _exit(96);
}

void plugin_rig_start_successor(void) {
    int program = open(PLUGIN_PROGRAM, O_RDONLY | O_CLOEXEC);
    assert_true(program >= 0);
    int high = fcntl(program, F_DUPFD_CLOEXEC, 200);
    (void)close(program);
    send_boot_message();
    plugin_rig.child = fork();
    assert_true(plugin_rig.child >= 0);
    if (plugin_rig.child == 0)
        become_plugin(high);
    (void)close(high);
}

static void make_pulse(void) {
    size_t size = PULSE_SLOTS * sizeof(struct pulse);
    plugin_rig.pulse_fd = memfd_create("pulse", 0);
    assert_int_equal(ftruncate(plugin_rig.pulse_fd, (off_t)size), 0);
    void *page = mmap(NULL, size, PROT_READ, MAP_SHARED, plugin_rig.pulse_fd, 0);
    assert_true(page != MAP_FAILED);
    plugin_rig.pulse = page;
}

void plugin_rig_start(const char *library, const char *vendor_settings, const char *more) {
    int control[2], core[2], provd[2];
    assert_int_equal(frame_pair(control, SOCKET_BYTES), ERR_OK);
    assert_int_equal(frame_pair(core, SOCKET_BYTES), ERR_OK);
    assert_int_equal(frame_pair(provd, SOCKET_BYTES), ERR_OK);
    plugin_rig.control = control[0], plugin_rig.child_control = control[1];
    plugin_rig.core = core[0], plugin_rig.child_core = core[1];
    plugin_rig.provd = provd[0], plugin_rig.child_provd = provd[1];
    plugin_rig.log = memfd_create("log", 0);
    assert_int_equal(fchmod(plugin_rig.log, 0666), 0);
    make_pulse();
    snprintf(plugin_rig.settings, sizeof plugin_rig.settings, "library = %s\nsettings = %s\n%s",
             plugin_rig_library(library), vendor_settings, more);
    plugin_rig_start_successor();
}

static void await_frame(int fd, uint16_t type) {
    struct frame frame;
    assert_int_equal(frame_receive(fd, packet, sizeof packet, &frame, PLUGIN_RIG_WAIT_MS), ERR_OK);
    assert_int_equal(frame.type, type);
}

void plugin_rig_await_ready(void) {
    await_frame(plugin_rig.control, BOOT_READY);
    plugin_rig_assert_no_answer();
}

void plugin_rig_tell_up(const char *role) {
    uint8_t payload[64];
    struct buffer target = buffer_over(payload, sizeof payload);
    struct frame up = {.type = BOOT_PEER_UP};
    assert_int_equal(boot_encode_peer(role, 0, &target), ERR_OK);
    assert_int_equal(buffer_end(&target, &up.payload), ERR_OK);
    assert_int_equal(frame_send(plugin_rig.control, &up, PLUGIN_RIG_WAIT_MS), ERR_OK);
}

void plugin_rig_take_hello(struct plugin_hello *hello) {
    const int askers[] = {plugin_rig.core, plugin_rig.provd};
    plugin_rig_tell_up("core");
    plugin_rig_tell_up("provd");
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        struct frame frame;
        struct plugin_hello said;
        assert_int_equal(
            frame_receive(askers[i], packet, sizeof packet, &frame, PLUGIN_RIG_WAIT_MS), ERR_OK);
        assert_int_equal(frame.type, PLUGIN_HELLO);
        assert_int_equal(plugin_wire_get_hello(frame.payload, &said), ERR_OK);
        if (hello != NULL)
            *hello = said;
    }
}

int plugin_rig_end(void) {
    int status = 0;
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, plugin_rig.child, 0), .events = POLLIN};
    if (poll(&end, 1, PLUGIN_RIG_WAIT_MS) != 1)
        fail_msg("it does not end");
    (void)close(end.fd);
    assert_int_equal(waitpid(plugin_rig.child, &status, 0), plugin_rig.child);
    plugin_rig.child = 0;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void plugin_rig_assert_refused(const char *word) {
    char text[4096];
    assert_int_equal(plugin_rig_end(), BOOT_EXIT_CONFIG);
    ssize_t len = pread(plugin_rig.log, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    if (strstr(text, word) == NULL)
        fail_msg("%s: not in: %s", word, text);
}

static void send_question(int fd, uint16_t type, const struct buffer *question, uint64_t id) {
    struct frame frame = {.type = type, .id = id, .generation = GENERATION};
    assert_int_equal(buffer_end(question, &frame.payload), ERR_OK);
    assert_int_equal(frame_send(fd, &frame, PLUGIN_RIG_WAIT_MS), ERR_OK);
}

static struct bytes receive_answer(int fd, uint16_t type, uint64_t id) {
    struct frame frame;
    assert_int_equal(frame_receive(fd, packet, sizeof packet, &frame, PLUGIN_RIG_WAIT_MS), ERR_OK);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.id, id);
    assert_int_equal(frame.generation, GENERATION);
    return frame.payload;
}

static struct plugin_record finger_record(enum biometric_format format, struct bytes data) {
    return (struct plugin_record){.modality = BIOMETRIC_FINGER, .format = format, .data = data};
}

static uint8_t memory[FRAME_PAYLOAD_MAX];

void plugin_rig_ask_extract(struct bytes image, uint64_t id) {
    const struct plugin_extract question = {finger_record(BIOMETRIC_ISO_19794_4_2005, image)};
    struct buffer target = buffer_over(memory, sizeof memory);
    plugin_wire_put_extract(&target, &question);
    send_question(plugin_rig.provd, PLUGIN_EXTRACT, &target, id);
}

void plugin_rig_answer_extract(uint64_t id, struct plugin_extracted *answer) {
    struct bytes payload = receive_answer(plugin_rig.provd, PLUGIN_EXTRACTED, id);
    assert_int_equal(plugin_wire_get_extracted(payload, answer), ERR_OK);
}

void plugin_rig_send_compare(const struct plugin_compare *question, uint64_t id) {
    struct buffer target = buffer_over(memory, sizeof memory);
    plugin_wire_put_compare(&target, question);
    send_question(plugin_rig.core, PLUGIN_COMPARE, &target, id);
}

void plugin_rig_ask_compare(struct bytes image, const struct bytes *templates, size_t count,
                            uint64_t id) {
    static struct plugin_compare question;
    question = (struct plugin_compare){.presented_count = 1, .enrolled_count = count};
    question.presented[0] = finger_record(BIOMETRIC_ISO_19794_4_2005, image);
    for (size_t i = 0; i < count; i++)
        question.enrolled[i] = finger_record(BIOMETRIC_FORMAT_UNKNOWN, templates[i]);
    plugin_rig_send_compare(&question, id);
}

void plugin_rig_answer_compare(uint64_t id, struct plugin_compared *answer) {
    struct bytes payload = receive_answer(plugin_rig.core, PLUGIN_COMPARED, id);
    assert_int_equal(plugin_wire_get_compared(payload, answer), ERR_OK);
}

void plugin_rig_assert_no_answer(void) {
    struct frame frame;
    const int askers[] = {plugin_rig.core, plugin_rig.provd};
    for (size_t i = 0; i < COUNT_OF(askers); i++)
        assert_int_equal(frame_receive(askers[i], packet, sizeof packet, &frame, 0), ERR_TIMEOUT);
}
