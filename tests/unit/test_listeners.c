#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "authd/supervise/listeners.h"

static struct conf_problem problem;

static void close_all(const int *listeners, size_t count) {
    for (size_t i = 0; i < count; i++)
        close(listeners[i]);
}

static void all_lanes_share_one_port(void **state) {
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:0", "[::1]:0"};
    for (size_t i = 0; i < 2; i++) {
        int listeners[4];
        if (listeners_open("listen", addresses[i], 4, listeners, &problem) != ERR_OK && i == 1)
            skip(); /* a machine without IPv6 */
        for (size_t lane = 1; lane < 4; lane++)
            assert_int_equal(listeners_port(listeners[lane]), listeners_port(listeners[0]));
        assert_true(listeners_port(listeners[0]) != 0);
        close_all(listeners, 4);
    }
}

static void a_client_reaches_one_of_them(void **state) {
    (void)state;
    int listeners[2];
    assert_int_equal(listeners_open("listen", "127.0.0.1:0", 2, listeners, &problem), ERR_OK);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(listeners_port(listeners[0]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    int first = accept(listeners[0], NULL, NULL), second = accept(listeners[1], NULL, NULL);
    assert_true((first >= 0) != (second >= 0));
    close(first >= 0 ? first : second);
    close(client);
    close_all(listeners, 2);
}

static void a_port_that_another_box_shares_is_refused(void **state) {
    (void)state;
    int first[2], second[2];
    char address[32];
    assert_int_equal(listeners_open("listen", "127.0.0.1:0", 2, first, &problem), ERR_OK);
    snprintf(address, sizeof address, "127.0.0.1:%u", listeners_port(first[0]));
    assert_int_equal(listeners_open("listen", address, 2, second, &problem), ERR_CONFIG);
    assert_non_null(strstr(problem.text, "in use"));
    close_all(first, 2);
    assert_int_equal(listeners_open("listen", address, 2, second, &problem), ERR_OK);
    close_all(second, 2);
}

static void what_is_no_address_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        ":",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "1.2.3:80",
        "host:80",
        "::1:80",
        "[::1]80",
        "[::1:80",
        "127.0.0.1:-1",
        "[1.2]:80",
        "[]:80",
        "[:80",
        "]:80",
        "127.0.0.1:80x",
        "[::1%lo]:80",
        "1.2.3.4:80:80",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int listener;
        assert_int_equal(listeners_open("listen", wrong[i], 1, &listener, &problem), ERR_CONFIG);
        assert_non_null(strstr(problem.text, "write ADDRESS:PORT"));
    }
}

static void a_taken_port_is_named(void **state) {
    (void)state;
    int taken = socket(AF_INET, SOCK_STREAM, 0), listener;
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(taken, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(taken, 1), 0);
    char text[32];
    snprintf(text, sizeof text, "127.0.0.1:%u", listeners_port(taken));
    assert_int_equal(listeners_open("listen-jose", text, 1, &listener, &problem), ERR_CONFIG);
    assert_non_null(strstr(problem.text, "listen-jose = 127.0.0.1"));
    assert_non_null(strstr(problem.text, "end what uses the port"));
    close(taken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_lanes_share_one_port),
        cmocka_unit_test(a_client_reaches_one_of_them),
        cmocka_unit_test(a_port_that_another_box_shares_is_refused),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_taken_port_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
