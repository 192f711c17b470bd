#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/frame.h"
#include "provisioning/officer_wire_certificate.h"
#include "provisioning/officer_wire_keys.h"
#include "provisioning/officer_wire_roots.h"
#include "provisioning/officer_wire_trust.h"

/*
 * A packet as it comes from an officer's socket, read as provd reads it, and the answers as officer
 * reads them. Whatever is accepted must be written and read again as the same bytes.
 */
static uint8_t memory[FRAME_PAYLOAD_MAX];

static void same(const struct buffer *buffer, struct bytes payload) {
    struct bytes written;
    if (buffer_end(buffer, &written) != ERR_OK || !bytes_equal(written, payload))
        abort();
}

#define READ_AND_WRITE(type, name)                                                                 \
    static void read_##name(struct bytes payload) {                                                \
        struct type message;                                                                       \
        struct buffer buffer = buffer_over(memory, sizeof memory);                                 \
        if (officer_wire_get_##name(payload, &message) != ERR_OK)                                  \
            return;                                                                                \
        officer_wire_put_##name(&buffer, &message);                                                \
        same(&buffer, payload);                                                                    \
    }
READ_AND_WRITE(officer_outcome, outcome)
READ_AND_WRITE(officer_trust, trust)
READ_AND_WRITE(officer_partner, partner)
READ_AND_WRITE(officer_partner_status, partner_status)
READ_AND_WRITE(officer_jose, jose)
READ_AND_WRITE(officer_jose_named, jose_named)
READ_AND_WRITE(officer_jose_shown, jose_shown)
READ_AND_WRITE(policy, policy)
READ_AND_WRITE(officer_api_key, api_key)
READ_AND_WRITE(officer_misp, misp)
READ_AND_WRITE(officer_publication, publication)
READ_AND_WRITE(officer_box, box)
READ_AND_WRITE(officer_hotlist, hotlist)
READ_AND_WRITE(officer_hotlist_vid, hotlist_vid)
READ_AND_WRITE(officer_keys_question, keys_question)
READ_AND_WRITE(officer_key_order, key_order)
READ_AND_WRITE(officer_keys, keys)
READ_AND_WRITE(officer_root, root)
READ_AND_WRITE(officer_trust_question, trust_question)
READ_AND_WRITE(officer_trust_remove, trust_remove)
READ_AND_WRITE(officer_anchors, anchors)
READ_AND_WRITE(officer_certificate, certificate)
READ_AND_WRITE(officer_issued, issued)

static void read_people(struct bytes payload) {
    struct cursor cursor = cursor_over(payload);
    struct buffer buffer = buffer_over(memory, sizeof memory);
    struct officer_person person;
    while (cursor.left > 0) {
        if (officer_wire_take_person(&cursor, &person) != ERR_OK)
            return;
        if (officer_wire_add_person(&buffer, &person) != ERR_OK)
            abort();
    }
    same(&buffer, payload);
}

static const struct {
    uint16_t type;
    void (*read)(struct bytes payload);
} readers[] = {
    {OFFICER_TRUST_ADD, read_trust},
    {OFFICER_PARTNER_ADD, read_partner},
    {OFFICER_PARTNER_STATUS, read_partner_status},
    {OFFICER_PARTNER_JOSE, read_jose},
    {OFFICER_PARTNER_JOSE_SHOW, read_jose_named},
    {OFFICER_PARTNER_JOSE_SHOW + 1, read_jose_shown},
    {OFFICER_POLICY_ADD, read_policy},
    {OFFICER_API_KEY_ADD, read_api_key},
    {OFFICER_MISP_ADD, read_misp},
    {OFFICER_PEOPLE_PUT, read_people},
    {OFFICER_HOTLIST, read_hotlist},
    {OFFICER_HOTLIST_VID, read_hotlist_vid},
    {OFFICER_KEY_LIFE, read_keys_question},
    {OFFICER_KEY_ORDER, read_key_order},
    {OFFICER_ROOT, read_root},
    {OFFICER_TRUST_LIST, read_trust_question},
    {OFFICER_TRUST_LIST + 1, read_anchors},
    {OFFICER_TRUST_REMOVE, read_trust_remove},
    {OFFICER_CERTIFICATE, read_certificate},
    {OFFICER_CERTIFICATE + 1, read_issued},
    {OFFICER_TRUST_ADD + 1, read_outcome},
    {OFFICER_KEY_LIFE + 1, read_keys},
    {OFFICER_KEY_LIST + 1, read_publication},
    {OFFICER_STATUS + 1, read_box},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct frame frame;
    if (frame_decode(bytes_of(data, size), &frame) != ERR_OK)
        return 0;
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (readers[i].type == frame.type)
            readers[i].read(frame.payload);
    return 0;
}
