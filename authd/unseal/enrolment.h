#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/wire/sample_wire.h"

/*
 * UNSEAL_ENROLMENT: a data block, or a document (bir.h), becomes one record a view. A record that
 * cannot be enrolled says why; of a document those that could not be captured, and photos of
 * exceptions, are left out. More than ENROLMENT_RECORDS_MAX, or no such document: ERR_MALFORMED in
 * ${enrolment}. Views point into the question and into ${workspace}, which must be new and have
 * DECODE_WORKSPACE_BYTES. ERR_FULL, ERR_CRYPTO: faults of this process. The caller wipes
 * ${enrolment}.
 */
MUST_CHECK enum err enrolment_read(const struct enrolment_question *question,
                                   struct buffer *workspace, struct enrolment *enrolment);
