#pragma once

#include "authd/wire/sample_wire.h"
#include "authd/wire/unseal_wire.h"

/* What unseal makes of certificates and records, as far as tests of provd have to tell them apart.
 */

/*
 * Of a certificate for the JOSE profile the first word is its key: "rsa…" is none on P-256, "old…"
 * has expired, and two with the same word have the same key. ${read} has its other fields already;
 * views are valid until the next call.
 */
void provd_parser_elliptic(struct bytes encoded, struct unseal_certificate_read *read);

/*
 * Of a record its first word: what it is, or what is wrong with it. A document is a template of the
 * right thumb and an image of the left iris, unless it begins otherwise.
 */
void provd_parser_enrolment(const struct enrolment_question *question, struct enrolment *enrolment);
