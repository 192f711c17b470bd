#pragma once

#include "hsm/wire.h"

/*
 * Messages of the signer in a form that all of them share: ${write} makes the payload, ${read}
 * reads it into a fresh struct and compares it with what was written.
 */
struct hsm_message {
    const char *name;
    void (*write)(struct buffer *target);
    enum err (*read)(struct bytes payload);
};
/* The row of write_NAME and read_NAME. */
#define HSM_MESSAGE(name)                                                                          \
    { #name, write_##name, read_##name }

/* Values that a writer has to carry exactly; each byte of a field differs from its neighbours. */
void hsm_message_fill(void *field, size_t len);
#define HSM_MESSAGE_RECEIPT                                                                        \
    { .status = ERR_OK, .signer_index = 3, .sequence = UINT64_C(0x0102030405060708) }
void hsm_message_check_receipt(const struct hsm_receipt *receipt);

/* The payload of ${message}, in ${memory}, which has room for it. */
struct bytes hsm_message_written(const struct hsm_message *message, uint8_t *memory, size_t size);

/* What is the same for every message; a failure ends the test. */
void hsm_message_come_back(const struct hsm_message *messages, size_t count);
void hsm_message_refuse_cut_short(const struct hsm_message *messages, size_t count);
void hsm_message_refuse_a_byte_too_much(const struct hsm_message *messages, size_t count);
void hsm_message_need_room(const struct hsm_message *messages, size_t count);
