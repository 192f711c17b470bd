#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/edge/clients.h"

static uint64_t client_of(const char *text) {
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return clients_identify((struct sockaddr *)&four, sizeof four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return clients_identify((struct sockaddr *)&six, sizeof six);
}

static void an_ipv4_address_is_a_client_in_either_form(void **state) {
    (void)state;
    assert_true(client_of("192.0.2.1") != client_of("192.0.2.2"));
    assert_true(client_of("192.0.2.1") == client_of("::ffff:192.0.2.1"));
}

static void an_ipv6_network_of_64_bits_is_a_client(void **state) {
    (void)state;
    assert_true(client_of("2001:db8:1:2::1") == client_of("2001:db8:1:2:ffff::9"));
    assert_true(client_of("2001:db8:1:2::1") != client_of("2001:db8:1:3::1"));
    assert_true(client_of("2001:db8::1") != client_of("192.0.2.1"));
}

static void addresses_that_are_cut_or_of_another_family_are_one_client(void **state) {
    (void)state;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr other = {.sa_family = AF_UNIX};
    assert_true(clients_identify((struct sockaddr *)&four, 4) == UINT64_MAX);
    assert_true(clients_identify(&other, sizeof other) == UINT64_MAX);
}

static void each_client_has_its_limit(void **state) {
    (void)state;
    struct clients *clients;
    assert_int_equal(clients_open(&clients, 10, 2), ERR_OK);
    assert_int_equal(clients_admit(clients, 1), ERR_OK);
    assert_int_equal(clients_admit(clients, 1), ERR_OK);
    assert_int_equal(clients_admit(clients, 1), ERR_LIMIT);
    assert_int_equal(clients_admit(clients, 2), ERR_OK);
    clients_release(clients, 1);
    assert_int_equal(clients_admit(clients, 1), ERR_OK);
    assert_int_equal(clients_admit(clients, 1), ERR_LIMIT);
    clients_close(clients);
}

static void all_clients_together_have_a_limit(void **state) {
    (void)state;
    struct clients *clients;
    assert_int_equal(clients_open(&clients, 3, 2), ERR_OK);
    for (uint64_t client = 1; client <= 3; client++)
        assert_int_equal(clients_admit(clients, client), ERR_OK);
    assert_int_equal(clients_admit(clients, 4), ERR_LIMIT);
    assert_int_equal(clients_admit(clients, 1), ERR_LIMIT);
    clients_release(clients, 2);
    assert_int_equal(clients_admit(clients, 4), ERR_OK);
    clients_close(clients);
}

static void a_client_nobody_admitted_is_not_released(void **state) {
    (void)state;
    struct clients *clients;
    assert_int_equal(clients_open(&clients, 1, 1), ERR_OK);
    assert_int_equal(clients_admit(clients, 1), ERR_OK);
    clients_release(clients, 2);
    assert_int_equal(clients_admit(clients, 2), ERR_LIMIT);
    clients_close(clients);
}

static void who_has_most_makes_place_for_who_has_less(void **state) {
    (void)state;
    struct clients *clients;
    uint64_t crowd = 0;
    assert_int_equal(clients_open(&clients, 5, 5), ERR_OK);
    assert_int_equal(clients_admit(clients, 1), ERR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(clients_admit(clients, 2), ERR_OK);
    assert_int_equal(clients_crowd(clients, 3, &crowd), ERR_NOT_FOUND); /* there is place */
    assert_int_equal(clients_admit(clients, 1), ERR_OK);
    assert_int_equal(clients_crowd(clients, 3, &crowd), ERR_OK);
    assert_int_equal(crowd, 2);
    assert_int_equal(clients_crowd(clients, 1, &crowd), ERR_NOT_FOUND); /* it would have as many */
    assert_int_equal(clients_crowd(clients, 2, &crowd), ERR_NOT_FOUND);
    clients_close(clients);
}

#define THREADS 4
#define ROUNDS  20000

static void *come_and_go(void *context) {
    struct clients *clients = context;
    uintptr_t failures = 0;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        failures += clients_admit(clients, i % 7) != ERR_OK;
        clients_release(clients, i % 7);
    }
    return (void *)failures;
}

static void threads_count_together(void **state) {
    (void)state;
    struct clients *clients;
    pthread_t threads[THREADS];
    assert_int_equal(clients_open(&clients, THREADS, THREADS), ERR_OK);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, clients), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failures;
        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(clients_admit(clients, 1), ERR_OK);
    assert_int_equal(clients_admit(clients, 1), ERR_LIMIT);
    clients_close(clients);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ipv4_address_is_a_client_in_either_form),
        cmocka_unit_test(an_ipv6_network_of_64_bits_is_a_client),
        cmocka_unit_test(addresses_that_are_cut_or_of_another_family_are_one_client),
        cmocka_unit_test(each_client_has_its_limit),
        cmocka_unit_test(all_clients_together_have_a_limit),
        cmocka_unit_test(a_client_nobody_admitted_is_not_released),
        cmocka_unit_test(who_has_most_makes_place_for_who_has_less),
        cmocka_unit_test(threads_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
