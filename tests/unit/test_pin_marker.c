#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/supervise/pin_marker.h"

static char folder_path[] = "/tmp/idcs-marker-XXXXXX";
static int folder;
static char pin[96];
static struct pin_file file;

static void write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* A new file in the place of the old one, as the ceremony says; the old one still exists meanwhile.
 */
static void replace_pin(const char *text) {
    char fresh[128];
    snprintf(fresh, sizeof fresh, "%s.new", pin);
    write_file(fresh, text);
    assert_int_equal(rename(fresh, pin), 0);
}

static int set_up(void **state) {
    (void)state;
    replace_pin("1234");
    pin_marker_open(pin, &file);
    return file.name < 0;
}

static int tear_down(void **state) {
    (void)state;
    close(file.name);
    (void)unlink(pin);
    return pin_marker_remove(folder) == ERR_OK ? 0 : -1;
}

static bool refused(void) {
    bool answer = false;
    assert_int_equal(pin_marker_check(folder, &file, &answer), ERR_OK);
    return answer;
}

static void refuse_current_pin(void) {
    struct pin_identity before;
    pin_marker_identify(&file, &before);
    assert_int_equal(pin_marker_write(folder, &before, &file), ERR_OK);
}

static void without_a_marker_the_pin_may_be_tried(void **state) {
    (void)state;
    assert_false(refused());
}

static void the_refused_file_is_remembered(void **state) {
    (void)state;
    refuse_current_pin();
    assert_true(refused());
}

static void another_file_in_its_place_may_be_tried(void **state) {
    (void)state;
    refuse_current_pin();
    replace_pin("1234");
    assert_false(refused());
}

static void a_changed_file_may_be_tried(void **state) {
    (void)state;
    refuse_current_pin();
    struct stat before, after;
    assert_int_equal(stat(pin, &before), 0);
    do {
        write_file(pin, "5678"); /* until the clock of the file system has moved */
        assert_int_equal(stat(pin, &after), 0);
    } while (before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    assert_false(refused());
}

static void another_mode_makes_no_other_pin(void **state) {
    (void)state;
    refuse_current_pin();
    assert_int_equal(chmod(pin, 0400), 0);
    assert_true(refused());
    assert_int_equal(chown(pin, geteuid(), getegid()), 0);
    assert_true(refused());
}

static void a_file_that_was_replaced_meanwhile_locks_for_any(void **state) {
    (void)state;
    struct pin_identity before;
    pin_marker_identify(&file, &before);
    replace_pin("5678");
    assert_int_equal(pin_marker_write(folder, &before, &file), ERR_OK);
    assert_true(refused());
    replace_pin("9999");
    assert_true(refused());
}

static void a_file_that_cannot_be_looked_at_locks_for_any(void **state) {
    (void)state;
    assert_int_equal(unlink(pin), 0);
    refuse_current_pin();
    assert_true(refused());
    replace_pin("1234");
    assert_true(refused());
}

/* The folder of the PIN file is the signers' alone; authd has opened the name before. */
static void close_folder(bool closed) {
    static char private_folder[96];
    snprintf(private_folder, sizeof private_folder, "%s/private", folder_path);
    if (closed) {
        assert_int_equal(mkdir(private_folder, 0700), 0);
        close(file.name);
        (void)unlink(pin);
        snprintf(pin, sizeof pin, "%s/private/pin", folder_path);
        replace_pin("1234");
        pin_marker_open(pin, &file);
        assert_int_equal(chmod(private_folder, 0), 0);
        assert_int_equal(geteuid() == 0 ? seteuid(65534) : 0, 0);
        return;
    }
    assert_int_equal(getuid() == 0 ? seteuid(0) : 0, 0);
    assert_int_equal(chmod(private_folder, 0700), 0);
    (void)unlink(pin);
    assert_int_equal(rmdir(private_folder), 0);
    snprintf(pin, sizeof pin, "%s/pin", folder_path);
}

static void a_file_in_a_closed_folder_is_known_by_its_open_name(void **state) {
    (void)state;
    struct pin_identity identity;
    close_folder(true);
    pin_marker_identify(&file, &identity);
    char expected[64];
    snprintf(expected, sizeof expected, "inode=%ju size=4 ", (uintmax_t)file.opened.st_ino);
    close_folder(false);
    assert_memory_equal(identity.line, "device=", 7);
    assert_non_null(strstr(identity.line, expected));
}

static void a_file_replaced_in_a_closed_folder_is_any(void **state) {
    (void)state;
    struct pin_identity identity;
    close_folder(true);
    assert_int_equal(getuid() == 0 ? seteuid(0) : 0, 0);
    char private_folder[96];
    snprintf(private_folder, sizeof private_folder, "%s/private", folder_path);
    assert_int_equal(chmod(private_folder, 0700), 0);
    replace_pin("5678");
    assert_int_equal(chmod(private_folder, 0), 0);
    assert_int_equal(getuid() == 0 ? seteuid(65534) : 0, 0);
    pin_marker_identify(&file, &identity);
    close_folder(false);
    assert_string_equal(identity.line, "any\n");
}

static void a_marker_locks_while_the_file_is_missing(void **state) {
    (void)state;
    refuse_current_pin();
    assert_int_equal(unlink(pin), 0);
    assert_true(refused());
}

static void an_unreadable_marker_locks(void **state) {
    (void)state;
    static const char *const texts[] = {
        "", "\n", "any", "device=", "device=1 inode=2 size=3 written=4", "DEVICE=1\n"};
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder_path, PIN_MARKER_NAME);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        write_file(path, texts[i]);
        assert_true(refused());
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    bool answer = false;
    assert_int_equal(pin_marker_check(folder, &file, &answer), ERR_SYSTEM);
    assert_true(answer);
}

static void the_marker_goes_when_a_pin_was_accepted(void **state) {
    (void)state;
    refuse_current_pin();
    assert_int_equal(pin_marker_remove(folder), ERR_OK);
    assert_false(refused());
    assert_int_equal(pin_marker_remove(folder), ERR_OK);
}

static void a_marker_that_cannot_be_written_is_an_error(void **state) {
    (void)state;
    struct pin_identity before;
    pin_marker_identify(&file, &before);
    assert_int_equal(pin_marker_write(-1, &before, &file), ERR_SYSTEM);
}

static int make_folder(void **state) {
    (void)state;
    if (mkdtemp(folder_path) == NULL)
        return -1;
    folder = open(folder_path, O_RDONLY | O_DIRECTORY);
    snprintf(pin, sizeof pin, "%s/pin", folder_path);
    return folder < 0 ? -1 : 0;
}

static int remove_folder(void **state) {
    (void)state;
    close(folder);
    return rmdir(folder_path);
}

#define MARKER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        MARKER_TEST(without_a_marker_the_pin_may_be_tried),
        MARKER_TEST(the_refused_file_is_remembered),
        MARKER_TEST(another_file_in_its_place_may_be_tried),
        MARKER_TEST(a_changed_file_may_be_tried),
        MARKER_TEST(another_mode_makes_no_other_pin),
        MARKER_TEST(a_file_that_was_replaced_meanwhile_locks_for_any),
        MARKER_TEST(a_file_that_cannot_be_looked_at_locks_for_any),
        MARKER_TEST(a_file_in_a_closed_folder_is_known_by_its_open_name),
        MARKER_TEST(a_file_replaced_in_a_closed_folder_is_any),
        MARKER_TEST(a_marker_locks_while_the_file_is_missing),
        MARKER_TEST(an_unreadable_marker_locks),
        MARKER_TEST(the_marker_goes_when_a_pin_was_accepted),
        MARKER_TEST(a_marker_that_cannot_be_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
