#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/clock.h"
#include "firmware/base/frame.h"

static uint8_t memory[FRAME_MAX_BYTES + 1];

static struct bytes encoded(const struct frame *frame) {
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct bytes packet;
    assert_int_equal(frame_encode(frame, &buffer), ERR_OK);
    assert_int_equal(buffer_end(&buffer, &packet), ERR_OK);
    return packet;
}

static void a_frame_survives_encoding_and_decoding(void **state) {
    (void)state;
    struct frame sent = {.type = 0x1234,
                         .generation = 0x89abcdef,
                         .id = 0x0123456789abcdefULL,
                         .payload = bytes_of_text("payload")};
    struct frame read;
    assert_int_equal(frame_decode(encoded(&sent), &read), ERR_OK);
    assert_int_equal(read.type, sent.type);
    assert_int_equal(read.generation, sent.generation);
    assert_true(read.id == sent.id);
    assert_true(bytes_equal(read.payload, sent.payload));
}

static void the_header_is_sixteen_bytes_in_network_order(void **state) {
    (void)state;
    struct frame frame = {.type = 0x0102, .generation = 0x03040506, .id = 0x0708090a0b0c0d0eULL};
    static const uint8_t expected[] = {1, 2, 0, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    assert_true(bytes_equal(encoded(&frame), bytes_of(expected, sizeof expected)));
}

static void a_packet_shorter_than_the_header_is_truncated(void **state) {
    (void)state;
    struct frame sent = {.type = 2};
    struct bytes packet = encoded(&sent);
    for (size_t len = 0; len < FRAME_HEADER_BYTES; len++) {
        struct frame read = {.type = 77, .id = 77};
        assert_int_equal(frame_decode(bytes_of(packet.data, len), &read), ERR_TRUNCATED);
        assert_int_equal(read.type, 0);
        assert_true(read.id == 0);
    }
}

static void reserved_bits_are_refused(void **state) {
    (void)state;
    struct frame sent = {.type = 2};
    struct bytes packet = encoded(&sent);
    for (unsigned bit = 0; bit < 16; bit++) {
        uint8_t changed[FRAME_HEADER_BYTES];
        memcpy(changed, packet.data, sizeof changed);
        changed[2 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct frame read;
        assert_int_equal(frame_decode(bytes_of(changed, sizeof changed), &read), ERR_MALFORMED);
    }
}

static void sizes_are_bounded_both_ways(void **state) {
    (void)state;
    static const uint8_t large[FRAME_PAYLOAD_MAX + 1];
    struct frame frame = {.type = 2, .payload = bytes_of(large, FRAME_PAYLOAD_MAX)};
    struct frame read;
    struct bytes packet = encoded(&frame);
    assert_int_equal(packet.len, FRAME_MAX_BYTES);
    assert_int_equal(frame_decode(packet, &read), ERR_OK);
    assert_int_equal(frame_decode(bytes_of(memory, FRAME_MAX_BYTES + 1), &read), ERR_TOO_LARGE);

    frame.payload.len++;
    struct buffer buffer = buffer_over(memory, sizeof memory);
    assert_int_equal(frame_encode(&frame, &buffer), ERR_TOO_LARGE);
    assert_int_equal(buffer.len, 0);
    assert_int_equal(frame_send(-1, &frame, 0), ERR_TOO_LARGE);
}

static void a_buffer_that_is_too_small_is_an_error(void **state) {
    (void)state;
    uint8_t small[FRAME_HEADER_BYTES - 1];
    struct buffer buffer = buffer_over(small, sizeof small);
    struct frame frame = {.type = 2};
    assert_int_equal(frame_encode(&frame, &buffer), ERR_FULL);
}

static void the_largest_frame_passes_a_pair(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(frame_pair(ends, 1024 * 1024), ERR_OK);
    uint8_t *large = malloc(FRAME_PAYLOAD_MAX);
    assert_non_null(large);
    for (size_t i = 0; i < FRAME_PAYLOAD_MAX; i++)
        large[i] = (uint8_t)(i * 31 + i / 251);
    struct frame sent = {.type = 4, .id = 9, .payload = bytes_of(large, FRAME_PAYLOAD_MAX)};
    struct frame read;
    assert_int_equal(frame_send(ends[0], &sent, 1000), ERR_OK);
    assert_int_equal(frame_receive(ends[1], memory, sizeof memory, &read, 1000), ERR_OK);
    assert_true(bytes_equal(read.payload, sent.payload));
    free(large);
    close(ends[0]);
    close(ends[1]);
}

static void a_packet_larger_than_the_memory_is_refused_not_cut(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(frame_pair(ends, 65536), ERR_OK);
    struct frame sent = {.type = 4, .payload = bytes_of_text("twenty-four characters..")};
    struct frame read;
    assert_int_equal(frame_send(ends[0], &sent, 0), ERR_OK);
    assert_int_equal(frame_receive(ends[1], memory, FRAME_HEADER_BYTES + 4, &read, 0),
                     ERR_TOO_LARGE);
    assert_int_equal(read.payload.len, 0);
    close(ends[0]);
    close(ends[1]);
}

static void waiting_ends_at_the_deadline(void **state) {
    (void)state;
    int ends[2];
    struct frame frame = {.type = 2};
    assert_int_equal(frame_pair(ends, 65536), ERR_OK);
    int64_t start = clock_boot_ms();
    assert_int_equal(frame_receive(ends[0], memory, sizeof memory, &frame, 30), ERR_TIMEOUT);
    assert_in_range(clock_boot_ms() - start, 29, 5000);

    static const uint8_t filler[32768];
    frame.payload = bytes_of(filler, sizeof filler);
    enum err err = ERR_OK;
    for (int i = 0; i < 1000 && err == ERR_OK; i++)
        err = frame_send(ends[0], &frame, 5);
    assert_int_equal(err, ERR_TIMEOUT);
    close(ends[0]);
    close(ends[1]);
}

static void a_peer_that_has_gone_is_closed(void **state) {
    (void)state;
    int ends[2];
    struct frame frame = {.type = 2};
    assert_int_equal(frame_pair(ends, 65536), ERR_OK);
    close(ends[1]);
    assert_int_equal(frame_send(ends[0], &frame, 1000), ERR_CLOSED);
    assert_int_equal(frame_receive(ends[0], memory, sizeof memory, &frame, 1000), ERR_CLOSED);
    close(ends[0]);
    assert_int_equal(frame_send(ends[0], &frame, 0), ERR_SYSTEM);
    assert_int_equal(frame_receive(ends[0], memory, sizeof memory, &frame, 0), ERR_SYSTEM);
}

static void discarding_leaves_the_socket_usable(void **state) {
    (void)state;
    int ends[2];
    struct frame frame = {.type = 2};
    assert_int_equal(frame_pair(ends, 65536), ERR_OK);
    for (frame.id = 0; frame.id < 20; frame.id++)
        assert_int_equal(frame_send(ends[0], &frame, 0), ERR_OK);
    frame_discard(ends[1]);
    assert_int_equal(frame_receive(ends[1], memory, sizeof memory, &frame, 0), ERR_TIMEOUT);
    frame = (struct frame){.type = 2, .id = 99};
    assert_int_equal(frame_send(ends[0], &frame, 0), ERR_OK);
    assert_int_equal(frame_receive(ends[1], memory, sizeof memory, &frame, 0), ERR_OK);
    assert_true(frame.id == 99);
    close(ends[0]);
    close(ends[1]);
}

/* A captured process must not be able to push descriptors into another. */
static void descriptors_sent_along_do_not_arrive(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(frame_pair(ends, 65536), ERR_OK);
    struct frame frame = {.type = 2};
    struct bytes packet = encoded(&frame);
    uint8_t copy[FRAME_HEADER_BYTES];
    memcpy(copy, packet.data, sizeof copy);
    struct iovec part = {.iov_base = copy, .iov_len = sizeof copy};
    union {
        struct cmsghdr header;
        uint8_t room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &ends[0], sizeof(int));
    assert_int_equal(sendmsg(ends[0], &message, 0), sizeof copy);

    int before = dup(STDIN_FILENO);
    assert_int_equal(frame_receive(ends[1], memory, sizeof memory, &frame, 0), ERR_OK);
    int after = dup(STDIN_FILENO);
    assert_int_equal(after, before + 1);
    close(before);
    close(after);
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_survives_encoding_and_decoding),
        cmocka_unit_test(the_header_is_sixteen_bytes_in_network_order),
        cmocka_unit_test(a_packet_shorter_than_the_header_is_truncated),
        cmocka_unit_test(reserved_bits_are_refused),
        cmocka_unit_test(sizes_are_bounded_both_ways),
        cmocka_unit_test(a_buffer_that_is_too_small_is_an_error),
        cmocka_unit_test(the_largest_frame_passes_a_pair),
        cmocka_unit_test(a_packet_larger_than_the_memory_is_refused_not_cut),
        cmocka_unit_test(waiting_ends_at_the_deadline),
        cmocka_unit_test(a_peer_that_has_gone_is_closed),
        cmocka_unit_test(discarding_leaves_the_socket_usable),
        cmocka_unit_test(descriptors_sent_along_do_not_arrive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
