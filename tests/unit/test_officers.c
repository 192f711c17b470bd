#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/base/frame.h"
#include "provisioning/officer_wire.h"
#include "provisioning/officers.h"

#define OUTSIDER      65534
#define OFFICER_GROUP 65533

struct fixture {
    char directory[64], path[128];
    struct officers *officers;
    struct serve *serve;
};

static int setup_with_group(void **state, const char *group) {
    static bool arena;
    static struct fixture fixture;
    struct officers_options options = {.group = group, .allow_own_uid = true};
    if (!arena)
        assert_int_equal(secret_arena_open(4 * 1024 * 1024), ERR_OK);
    arena = true;
    (void)strcpy(fixture.directory, "/tmp/officers-test-XXXXXX");
    assert_non_null(mkdtemp(fixture.directory));
    (void)snprintf(fixture.path, sizeof fixture.path, "%s/" OFFICER_SOCKET_NAME, fixture.directory);
    options.run_directory = fixture.directory;
    assert_int_equal(officers_open(&fixture.officers, &options), ERR_OK);
    assert_int_equal(serve_open(&fixture.serve, NULL), ERR_OK);
    assert_int_equal(officers_listen(fixture.officers, fixture.serve), ERR_OK);
    *state = &fixture;
    return 0;
}

static int setup(void **state) {
    return setup_with_group(state, "no-such-group-here");
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    officers_close(fixture->officers);
    serve_close(fixture->serve);
    (void)unlink(fixture->path);
    (void)rmdir(fixture->directory);
    return 0;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    (void)strcpy(address.sun_path, path);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void turn(struct fixture *fixture) {
    for (int i = 0; i < 4; i++)
        assert_int_equal(serve_turn(fixture->serve, 5), ERR_OK);
}

static void ask(int fd, uint16_t type, uint64_t id) {
    struct frame frame = {.type = type, .id = id, .payload = bytes_of_text("question")};
    assert_int_equal(frame_send(fd, &frame, 1000), ERR_OK);
}

static enum err receive(int fd, struct frame *frame) {
    static uint8_t memory[4096];
    return frame_receive(fd, memory, sizeof memory, frame, 0);
}

static void a_question_is_taken_and_answered(void **state) {
    struct fixture *fixture = *state;
    struct officers_question question;
    struct frame answer;
    int fd = connect_to(fixture->path);
    assert_false(officers_next(fixture->officers, &question));
    ask(fd, OFFICER_STATUS, 77);
    turn(fixture);
    assert_true(officers_next(fixture->officers, &question));
    assert_int_equal(question.type, OFFICER_STATUS);
    assert_int_equal(question.uid, geteuid());
    assert_true(bytes_equal_text(question.payload, "question"));
    officers_answer(fixture->officers, bytes_of_text("answer"));
    turn(fixture);
    assert_int_equal(receive(fd, &answer), ERR_OK);
    assert_int_equal(answer.type, OFFICER_STATUS + 1);
    assert_int_equal(answer.id, 77);
    assert_true(bytes_equal_text(answer.payload, "answer"));
    (void)close(fd);
}

static void questions_of_several_officers_queue(void **state) {
    struct fixture *fixture = *state;
    struct officers_question question;
    int first = connect_to(fixture->path), second = connect_to(fixture->path);
    ask(first, OFFICER_STATUS, 1);
    turn(fixture);
    ask(second, OFFICER_KEY_LIST, 2);
    turn(fixture);
    assert_true(officers_next(fixture->officers, &question));
    assert_int_equal(question.type, OFFICER_STATUS);
    assert_false(officers_next(fixture->officers, &question)); /* one at a time */
    officers_answer(fixture->officers, bytes_of(NULL, 0));
    assert_true(officers_next(fixture->officers, &question));
    assert_int_equal(question.type, OFFICER_KEY_LIST);
    officers_answer(fixture->officers, bytes_of(NULL, 0));
    (void)close(first);
    (void)close(second);
}

static void a_second_question_before_the_answer_ends_the_connection(void **state) {
    struct fixture *fixture = *state;
    struct officers_question question;
    struct frame answer;
    int fd = connect_to(fixture->path);
    ask(fd, OFFICER_STATUS, 1);
    ask(fd, OFFICER_STATUS, 2);
    turn(fixture);
    assert_int_equal(receive(fd, &answer), ERR_CLOSED);
    assert_false(officers_next(fixture->officers, &question));
    (void)close(fd);
}

static void an_unknown_verb_ends_the_connection(void **state) {
    struct fixture *fixture = *state;
    struct frame answer;
    int fd = connect_to(fixture->path);
    ask(fd, 9999, 1);
    turn(fixture);
    assert_int_equal(receive(fd, &answer), ERR_CLOSED);
    (void)close(fd);
}

/* A connection whose question is being worked on. */
static int connect_and_ask(struct fixture *fixture, struct officers_question *question) {
    int fd = connect_to(fixture->path);
    ask(fd, OFFICER_STATUS, 1);
    turn(fixture);
    assert_true(officers_next(fixture->officers, question));
    return fd;
}

static void a_question_outlives_its_officer(void **state) {
    struct fixture *fixture = *state;
    struct officers_question question;
    int fd = connect_and_ask(fixture, &question);
    (void)close(fd);
    turn(fixture);
    assert_true(bytes_equal_text(question.payload, "question"));
    officers_answer(fixture->officers, bytes_of_text("to nobody"));
}

static void a_waiting_question_leaves_with_its_officer(void **state) {
    struct fixture *fixture = *state;
    struct officers_question question;
    int fd = connect_to(fixture->path);
    ask(fd, OFFICER_STATUS, 1);
    turn(fixture);
    (void)close(fd);
    turn(fixture);
    assert_false(officers_next(fixture->officers, &question));
}

static void a_dropped_question_ends_the_connection(void **state) {
    struct fixture *fixture = *state;
    struct officers_question question;
    struct frame answer;
    int fd = connect_and_ask(fixture, &question);
    officers_drop(fixture->officers, ERR_MALFORMED);
    turn(fixture);
    assert_int_equal(receive(fd, &answer), ERR_CLOSED);
    (void)close(fd);
}

/* What who is not let in reads: why, and then the end. */
static void assert_turned_away(int fd, enum officer_reason reason) {
    struct officer_outcome outcome;
    struct frame frame;
    assert_int_equal(receive(fd, &frame), ERR_OK);
    assert_int_equal(frame.type, OFFICER_TURNED_AWAY);
    assert_int_equal(officer_wire_get_outcome(frame.payload, &outcome), ERR_OK);
    assert_int_equal(outcome.reason, reason);
    assert_int_not_equal(outcome.status, ERR_OK);
    assert_int_equal(receive(fd, &frame), ERR_CLOSED);
}

/* The tests' user is root, or started the box: it has the places that are root's as well. */
#define PLACES (OFFICERS_MAX + OFFICERS_ROOT_MAX)

static void take_all_places(struct fixture *fixture, int fds[static PLACES]) {
    for (size_t i = 0; i < PLACES; i++) {
        fds[i] = connect_to(fixture->path);
        turn(fixture);
    }
}

static void close_all(const int fds[static PLACES]) {
    for (size_t i = 0; i < PLACES; i++)
        (void)close(fds[i]);
}

static void connections_are_bounded(void **state) {
    struct fixture *fixture = *state;
    struct frame answer;
    int fds[PLACES];
    take_all_places(fixture, fds);
    int over = connect_to(fixture->path);
    ask(over, OFFICER_STATUS, 1); /* as officer does, without waiting */
    turn(fixture);
    assert_turned_away(over, OFFICER_REASON_PLACES);
    (void)close(over);
    assert_int_equal(receive(fds[0], &answer), ERR_TIMEOUT);
    (void)close(fds[0]);
    turn(fixture);
    fds[0] = connect_to(fixture->path);
    turn(fixture);
    assert_int_equal(receive(fds[0], &answer), ERR_TIMEOUT);
    close_all(fds);
}

static void who_asks_nothing_gives_the_place_up(void **state) {
    struct fixture *fixture = *state;
    struct frame answer;
    int fds[PLACES];
    int64_t began_ms = clock_boot_ms();
    take_all_places(fixture, fds);
    ask(fds[1], OFFICER_STATUS, 1);
    turn(fixture);
    int wait_ms = officers_end_idle(fixture->officers, began_ms + OFFICERS_IDLE_MS - 1);
    assert_true(wait_ms >= 1 && wait_ms <= OFFICERS_IDLE_MS);
    assert_int_equal(receive(fds[0], &answer), ERR_TIMEOUT);
    (void)officers_end_idle(fixture->officers, clock_boot_ms() + OFFICERS_IDLE_MS);
    turn(fixture);
    for (size_t i = 0; i < PLACES; i++) /* whoever waits for an answer stays */
        assert_int_equal(receive(fds[i], &answer), i == 1 ? ERR_TIMEOUT : ERR_CLOSED);
    close_all(fds);
}

static void an_answer_begins_the_wait_anew(void **state) {
    struct fixture *fixture = *state;
    struct officers_question question;
    struct frame answer;
    int fd = connect_and_ask(fixture, &question);
    int64_t answered_ms = clock_boot_ms();
    officers_answer(fixture->officers, bytes_of_text("answer"));
    (void)officers_end_idle(fixture->officers, answered_ms + OFFICERS_IDLE_MS - 1);
    turn(fixture);
    assert_int_equal(receive(fd, &answer), ERR_OK);
    assert_int_equal(receive(fd, &answer), ERR_TIMEOUT);
    (void)officers_end_idle(fixture->officers, clock_boot_ms() + OFFICERS_IDLE_MS);
    assert_int_equal(receive(fd, &answer), ERR_CLOSED);
    (void)close(fd);
}

static void the_socket_file_is_closed_to_others(void **state) {
    struct fixture *fixture = *state;
    struct stat status;
    assert_int_equal(stat(fixture->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
}

static void a_path_that_is_too_long_is_refused(void **state) {
    struct officers *officers;
    char directory[200];
    struct officers_options options = {.run_directory = directory, .group = "none"};
    (void)state;
    memset(directory, 'x', sizeof directory - 1);
    directory[sizeof directory - 1] = '\0';
    assert_int_equal(officers_open(&officers, &options), ERR_CONFIG);
}

/* ---- the gate, for other users: as root alone ---- */

struct user {
    uid_t uid;
    gid_t gid;
    size_t more_count;
    gid_t more[2];
};

static void become_and_connect(const struct user *user, const char *path) {
    char byte;
    if (setgroups(user->more_count, user->more) != 0 || setgid(user->gid) != 0 ||
        setuid(user->uid) != 0)
        _exit(2);
    int fd = connect_to(path);
    (void)!read(fd, &byte, 1); /* until the other end closes */
    _exit(0);
}

/* What the gate says of a process with that identity. */
static enum err judged(const struct user *user, const struct officers_gate *gate) {
    char directory[] = "/tmp/officers-gate-XXXXXX", path[64];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uid_t uid = 0;
    int status;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chmod(directory, 0755), 0);
    (void)snprintf(path, sizeof path, "%s/s", directory);
    (void)strcpy(address.sun_path, path);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(listen(listener, 1), 0);
    pid_t child = fork();
    if (child == 0)
        become_and_connect(user, path);
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    enum err err = officers_admit(gate, fd, &uid);
    assert_int_equal(uid, user->uid);
    (void)close(fd);
    (void)close(listener);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    (void)unlink(path);
    (void)rmdir(directory);
    return err;
}

static void root_and_members_alone_are_let_in(void **state) {
    const struct officers_gate gate = {.has_group = true, .group = OFFICER_GROUP};
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(judged(&(struct user){0}, &gate), ERR_OK);
    assert_int_equal(judged(&(struct user){.uid = OUTSIDER, .gid = OUTSIDER}, &gate), ERR_DENIED);
    assert_int_equal(judged(&(struct user){.uid = OUTSIDER, .gid = OFFICER_GROUP}, &gate), ERR_OK);
    assert_int_equal(judged(&(struct user){.uid = OUTSIDER,
                                           .gid = OUTSIDER,
                                           .more_count = 2,
                                           .more = {12345, OFFICER_GROUP}},
                            &gate),
                     ERR_OK);
    assert_int_equal(
        judged(&(struct user){.uid = OUTSIDER, .gid = OUTSIDER, .more_count = 1, .more = {12345}},
               &gate),
        ERR_DENIED);
}

static void without_a_group_nobody_but_root_is_let_in(void **state) {
    const struct officers_gate gate = {0};
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(judged(&(struct user){0}, &gate), ERR_OK);
    /* group 0 is what an unset group would be */
    assert_int_equal(judged(&(struct user){.uid = OUTSIDER, .gid = 0}, &gate), ERR_DENIED);
}

/* A member of the group with one connection more than there are places for members; until ${end} is
 * closed at the other side. */
static void crowd(const char *path, gid_t group, int end) {
    int fds[OFFICERS_MAX + 1];
    const struct user member = {.uid = OUTSIDER, .gid = group};
    struct frame frame;
    char byte = 1;
    if (setgroups(0, NULL) != 0 || setgid(member.gid) != 0 || setuid(member.uid) != 0)
        _exit(2);
    for (size_t i = 0; i <= OFFICERS_MAX; i++)
        fds[i] = connect_to(path);
    static uint8_t memory[4096];
    if (frame_receive(fds[OFFICERS_MAX], memory, sizeof memory, &frame, 60000) != ERR_OK ||
        frame.type != OFFICER_TURNED_AWAY || write(end, &byte, 1) != 1)
        _exit(3);
    (void)!read(end, &byte, 1);
    _exit(0);
}

static int setup_with_members(void **state) {
    return setup_with_group(state, "nogroup");
}

static void members_do_not_take_the_places_of_root(void **state) {
    struct fixture *fixture = *state;
    const struct group *group = getgrnam("nogroup");
    struct frame answer;
    int ends[2], fds[OFFICERS_ROOT_MAX + 1], status;
    if (geteuid() != 0 || group == NULL)
        skip();
    assert_int_equal(chmod(fixture->directory, 0711), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        crowd(fixture->path, group->gr_gid, ends[1]);
    }
    (void)close(ends[1]);
    char byte = 0;
    while (recv(ends[0], &byte, 1, MSG_DONTWAIT) < 0)
        turn(fixture);
    assert_int_equal(byte, 1);
    for (size_t i = 0; i <= OFFICERS_ROOT_MAX; i++) {
        fds[i] = connect_to(fixture->path);
        turn(fixture);
        if (i < OFFICERS_ROOT_MAX)
            assert_int_equal(receive(fds[i], &answer), ERR_TIMEOUT);
    }
    assert_turned_away(fds[OFFICERS_ROOT_MAX], OFFICER_REASON_PLACES);
    for (size_t i = 0; i <= OFFICERS_ROOT_MAX; i++)
        (void)close(fds[i]);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Whoever reaches the socket of a group that they are no member of. */
static void a_stranger_is_told_so(void **state) {
    struct fixture *fixture = *state;
    int status;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(fixture->directory, 0711), 0);
    assert_int_equal(chmod(fixture->path, 0666), 0);
    pid_t child = fork();
    if (child == 0) {
        struct officer_outcome outcome = {0};
        static uint8_t memory[4096];
        struct frame frame;
        if (setgroups(0, NULL) != 0 || setgid(OUTSIDER) != 0 || setuid(OUTSIDER) != 0)
            _exit(2);
        int fd = connect_to(fixture->path);
        if (frame_receive(fd, memory, sizeof memory, &frame, 60000) != ERR_OK ||
            frame.type != OFFICER_TURNED_AWAY ||
            officer_wire_get_outcome(frame.payload, &outcome) != ERR_OK)
            _exit(3);
        _exit(outcome.reason == OFFICER_REASON_NO_OFFICER ? 0 : 4);
    }
    while (waitpid(child, &status, WNOHANG) == 0)
        turn(fixture);
    assert_int_equal(status, 0);
}

static void what_is_no_socket_is_denied(void **state) {
    const struct officers_gate gate = {.allow_own_uid = true};
    int ends[2];
    uid_t uid = 0;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(officers_admit(&gate, ends[0], &uid), ERR_DENIED);
    assert_int_equal(uid, (uid_t)-1);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_question_is_taken_and_answered),
        TEST(questions_of_several_officers_queue),
        TEST(a_second_question_before_the_answer_ends_the_connection),
        TEST(an_unknown_verb_ends_the_connection),
        TEST(a_question_outlives_its_officer),
        TEST(a_waiting_question_leaves_with_its_officer),
        TEST(a_dropped_question_ends_the_connection),
        TEST(connections_are_bounded),
        TEST(who_asks_nothing_gives_the_place_up),
        TEST(an_answer_begins_the_wait_anew),
        TEST(a_stranger_is_told_so),
        cmocka_unit_test_setup_teardown(members_do_not_take_the_places_of_root, setup_with_members,
                                        teardown),
        TEST(the_socket_file_is_closed_to_others),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(root_and_members_alone_are_let_in),
        cmocka_unit_test(without_a_group_nobody_but_root_is_let_in),
        cmocka_unit_test(what_is_no_socket_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
