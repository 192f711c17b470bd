#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "authd/notify/outbox/outbox_folder.h"
#include "authd/notify/outbox/outbox_json.h"

#define LONG_TEXT 3000

static char directory[64];

static int make_directory(void **state) {
    (void)state;
    strcpy(directory, "/tmp/outbox-XXXXXX");
    return mkdtemp(directory) == NULL;
}

static void empty_directory(void) {
    DIR *listing = opendir(directory);
    const struct dirent *item;
    while ((item = readdir(listing)) != NULL)
        (void)unlinkat(dirfd(listing), item->d_name, 0);
    (void)closedir(listing);
}

static int remove_directory(void **state) {
    (void)state;
    empty_directory();
    return rmdir(directory);
}

/* Every name of the folder, sorted. */
struct names {
    struct dirent **items;
    int count;
};

static int is_item(const struct dirent *item) {
    return strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
}

static void names_free(struct names *names) {
    for (int i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}
#define NAMES(name) __attribute__((cleanup(names_free))) struct names name = list_names()

static struct names list_names(void) {
    struct names names;
    names.count = scandir(directory, &names.items, is_item, alphasort);
    assert_true(names.count >= 0);
    return names;
}

static json_t *load(const char *name) {
    char path[512];
    json_error_t error;
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    return json_load_file(path, JSON_REJECT_DUPLICATES, &error);
}

static void put_file(const char *name) {
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static struct outbox_folder *open_folder(size_t keep_files) {
    struct outbox_folder *folder;
    assert_int_equal(outbox_folder_open(&folder, directory, keep_files), ERR_OK);
    return folder;
}

static void write_number(struct outbox_folder *folder, int number) {
    char text[32];
    (void)snprintf(text, sizeof text, "{\"n\": %d}", number);
    assert_int_equal(outbox_folder_write(folder, bytes_of_text(text)), ERR_OK);
}

static int number_in(const char *name) {
    json_t *json = load(name);
    assert_non_null(json);
    int number = (int)json_integer_value(json_object_get(json, "n"));
    json_decref(json);
    return number;
}

static void names_sort_by_time_of_writing(void **state) {
    (void)state;
    struct outbox_folder *folder = open_folder(100);
    for (int i = 0; i < 50; i++)
        write_number(folder, i);
    outbox_folder_close(folder);
    folder = open_folder(100);
    for (int i = 50; i < 60; i++)
        write_number(folder, i);
    outbox_folder_close(folder);
    NAMES(names);
    assert_int_equal(names.count, 60);
    for (int i = 0; i < names.count; i++)
        assert_int_equal(number_in(names.items[i]->d_name), i);
}

static void a_clock_that_steps_back_does_not_spoil_the_order(void **state) {
    (void)state;
    put_file("04102444800000000000-00000000.json"); /* of the year 2100 */
    struct outbox_folder *folder = open_folder(100);
    write_number(folder, 1);
    outbox_folder_close(folder);
    NAMES(names);
    assert_int_equal(names.count, 2);
    assert_int_equal(number_in(names.items[1]->d_name), 1);
}

static void a_file_is_readable_by_owner_and_group_alone(void **state) {
    (void)state;
    struct outbox_folder *folder = open_folder(1);
    struct stat status;
    char path[512];
    write_number(folder, 1);
    outbox_folder_close(folder);
    NAMES(names);
    (void)snprintf(path, sizeof path, "%s/%s", directory, names.items[0]->d_name);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0137, 0);
}

static void only_the_newest_files_are_kept(void **state) {
    (void)state;
    struct outbox_folder *folder = open_folder(5);
    for (int i = 0; i < 12; i++)
        write_number(folder, i);
    outbox_folder_close(folder);
    NAMES(names);
    assert_int_equal(names.count, 5);
    assert_int_equal(number_in(names.items[0]->d_name), 7);
    folder = open_folder(2);
    outbox_folder_close(folder);
    NAMES(fewer);
    assert_int_equal(fewer.count, 2);
    assert_int_equal(number_in(fewer.items[1]->d_name), 11);
}

static void a_reader_may_take_files_away(void **state) {
    (void)state;
    struct outbox_folder *folder = open_folder(3);
    for (int i = 0; i < 3; i++)
        write_number(folder, i);
    empty_directory();
    for (int i = 3; i < 6; i++)
        write_number(folder, i);
    outbox_folder_close(folder);
    NAMES(names);
    assert_int_equal(names.count, 3);
}

static void files_of_other_names_are_left_alone(void **state) {
    (void)state;
    static const char *const others[] = {
        "notes.txt",
        "1-2.json",
        "00000000000000000001-0000000G.json",
        "00000000000000000001-00000001.json.bak",
        "+0000000000000000001-00000001.json",
        "18446744073709551615-00000001.json",
    };
    enum { OTHERS = sizeof others / sizeof *others };
    for (size_t i = 0; i < OTHERS; i++)
        put_file(others[i]);
    struct outbox_folder *folder = open_folder(1);
    write_number(folder, 1);
    write_number(folder, 2);
    outbox_folder_close(folder);
    NAMES(names);
    assert_int_equal(names.count, OTHERS + 1);
}

static void a_second_writer_is_refused(void **state) {
    (void)state;
    struct outbox_folder *folder = open_folder(1), *second;
    assert_int_equal(outbox_folder_open(&second, directory, 1), ERR_EXISTS);
    assert_null(second);
    outbox_folder_close(folder);
    outbox_folder_close(open_folder(1));
}

static void a_folder_that_cannot_be_made_is_refused(void **state) {
    (void)state;
    struct outbox_folder *folder;
    assert_int_equal(outbox_folder_open(&folder, "/proc/none/outbox", 1), ERR_SYSTEM);
    assert_int_equal(outbox_folder_open(&folder, "/dev/null", 1), ERR_SYSTEM);
    assert_int_equal(outbox_folder_open(&folder, directory, 0), ERR_CONFIG);
    assert_int_equal(outbox_folder_open(&folder, directory, OUTBOX_FILES_MAX + 1), ERR_CONFIG);
}

static void long_message(char text[static LONG_TEXT + 16]) {
    (void)snprintf(text, LONG_TEXT + 16, "{\"long\": \"%0*d\"}", LONG_TEXT, 0);
}

/* The disk is full in the middle of a message. */
static void a_message_that_cannot_be_finished_leaves_no_file(void **state) {
    (void)state;
    char text[LONG_TEXT + 16];
    struct rlimit before, small;
    struct outbox_folder *folder = open_folder(10);
    long_message(text);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = LONG_TEXT / 2, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err err = outbox_folder_write(folder, bytes_of_text(text));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, ERR_SYSTEM);
    NAMES(names);
    assert_int_equal(names.count, 0);
    write_number(folder, 1);
    outbox_folder_close(folder);
}

/* Writes until it is killed, and says so of every message that counts as written. */
static _Noreturn void write_for_ever(int report) {
    struct outbox_folder *folder;
    char text[LONG_TEXT + 16];
    long_message(text);
    if (outbox_folder_open(&folder, directory, 10000) != ERR_OK)
        _exit(1);
    for (;;) {
        if (outbox_folder_write(folder, bytes_of_text(text)) != ERR_OK || write(report, "", 1) != 1)
            _exit(1);
    }
}

/* How many were reported by a writer that was killed after at least ${least} messages. */
static int kill_a_writer(int least) {
    int ends[2], reported = 0, status;
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0)
        write_for_ever(ends[1]);
    (void)close(ends[1]);
    while (reported < least && read(ends[0], &byte, 1) == 1)
        reported++;
    assert_int_equal(reported, least);
    assert_int_equal(kill(writer, SIGKILL), 0);
    while (read(ends[0], &byte, 1) == 1)
        reported++;
    (void)close(ends[0]);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFSIGNALED(status));
    return reported;
}

static void a_killed_writer_leaves_whole_files_only(void **state) {
    (void)state;
    int reported = 0;
    for (int round = 0; round < 40; round++)
        reported += kill_a_writer(1 + round % 7);
    NAMES(names);
    int whole = 0;
    for (int i = 0; i < names.count; i++) {
        if (names.items[i]->d_name[0] == '.')
            continue;
        json_t *json = load(names.items[i]->d_name);
        assert_non_null(json);
        json_decref(json);
        whole++;
    }
    /* A round may end between a rename and its report. */
    assert_true(whole >= reported && whole <= reported + 40);
}

static void what_a_killed_writer_left_is_removed(void **state) {
    (void)state;
    put_file(".message");
    outbox_folder_close(open_folder(1));
    NAMES(names);
    assert_int_equal(names.count, 0);
}

static struct outbox_message sample(void) {
    return (struct outbox_message){.channel = "phone",
                                   .to = "+212612345678",
                                   .language = "ara",
                                   .text = bytes_of_text("رمزكم 012345"),
                                   .otp = "012345",
                                   .transaction = "1234567890",
                                   .sent_at = "2026-01-01T00:00:00.000Z"};
}

static void a_message_is_one_json_object(void **state) {
    (void)state;
    char memory[OUTBOX_JSON_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct outbox_message message = sample();
    assert_int_equal(outbox_json_put(&buffer, &message), ERR_OK);
    static const char expected[] =
        "{\"channel\": \"phone\", \"to\": \"+212612345678\", \"language\": \"ara\", "
        "\"text\": \"رمزكم 012345\", \"otp\": \"012345\", \"transactionID\": \"1234567890\", "
        "\"sentAt\": \"2026-01-01T00:00:00.000Z\"}\n";
    assert_int_equal(buffer.len, sizeof expected - 1);
    assert_memory_equal(memory, expected, buffer.len);
}

static void every_character_of_a_value_survives(void **state) {
    (void)state;
    char memory[OUTBOX_JSON_MAX], odd[0x80];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct outbox_message message = sample();
    for (int i = 1; i < 0x80; i++)
        odd[i - 1] = (char)i;
    odd[0x7f] = '\0';
    message.to = odd;
    assert_int_equal(outbox_json_put(&buffer, &message), ERR_OK);
    json_error_t error;
    json_t *json = json_loadb(memory, buffer.len, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "to")), odd);
    json_decref(json);
}

static void a_value_that_is_not_utf8_is_refused(void **state) {
    (void)state;
    char memory[OUTBOX_JSON_MAX];
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct outbox_message message = sample();
    message.to = "\xc3(";
    assert_int_equal(outbox_json_put(&buffer, &message), ERR_MALFORMED);
}

static void a_message_without_room_is_refused(void **state) {
    (void)state;
    char memory[OUTBOX_JSON_MAX];
    struct outbox_message message = sample();
    struct buffer buffer = buffer_over(memory, sizeof memory);
    assert_int_equal(outbox_json_put(&buffer, &message), ERR_OK);
    for (size_t room = buffer.len; room-- > 0;) {
        buffer = buffer_over(memory, room);
        assert_int_equal(outbox_json_put(&buffer, &message), ERR_FULL);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_FOLDER(names_sort_by_time_of_writing),
        IN_FOLDER(a_clock_that_steps_back_does_not_spoil_the_order),
        IN_FOLDER(a_file_is_readable_by_owner_and_group_alone),
        IN_FOLDER(only_the_newest_files_are_kept),
        IN_FOLDER(a_reader_may_take_files_away),
        IN_FOLDER(files_of_other_names_are_left_alone),
        IN_FOLDER(a_second_writer_is_refused),
        IN_FOLDER(a_folder_that_cannot_be_made_is_refused),
        IN_FOLDER(a_message_that_cannot_be_finished_leaves_no_file),
        IN_FOLDER(a_killed_writer_leaves_whole_files_only),
        IN_FOLDER(what_a_killed_writer_left_is_removed),
        cmocka_unit_test(a_message_is_one_json_object),
        cmocka_unit_test(every_character_of_a_value_survives),
        cmocka_unit_test(a_value_that_is_not_utf8_is_refused),
        cmocka_unit_test(a_message_without_room_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
