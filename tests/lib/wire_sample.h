#pragma once

#include "authd/wire/edge_wire.h"
#include "authd/wire/notify_wire.h"
#include "authd/wire/provd_wire.h"
#include "authd/wire/unseal_wire.h"

/* One good message of each kind between the stages, with every field set. Views are of constants.
 */
#define TIME_TEXT "2024-01-15T10:20:30.123Z"
#define TIME_MS   1705314030123

struct edge_request wire_sample_request(void);
struct edge_answer wire_sample_answer(void);
struct envelope wire_sample_envelope(void);
struct payload wire_sample_payload(void);
struct unseal_foreign wire_sample_foreign(void);
struct unseal_certificate wire_sample_certificate(void);
struct unseal_certificate_read wire_sample_certificate_read(void);
struct notify_otp wire_sample_otp(void);
struct notify_event wire_sample_event(void);
struct provd_audit wire_sample_audit(void);

/* A field that is present, with this text or this many zero bytes. */
void wire_sample_set_text(struct text_field *field, const char *text);
void wire_sample_set_blob(struct blob_field *field, size_t len);
