#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "provisioning/change.h"
#include "provisioning/officers.h"

/*
 * Runs one question of an officer, and writes the answer: the table of operations is the
 * permission. An error instead of an answer: the question breaks the protocol.
 */
MUST_CHECK enum err operation_run(struct provd *provd, const struct officers_question *question,
                                  struct buffer *answer);
