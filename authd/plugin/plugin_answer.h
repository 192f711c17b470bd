#pragma once

#include "firmware/base/err.h"
#include "firmware/base/frame.h"

/*
 * What the process does with one question of plugin_wire.h. Between two questions it holds nothing
 * of them: plugin_answer_forget wipes what the answer was made of.
 */

/*
 * Answers ${question}. ${answer} has its id and generation and a view of static memory, good until
 * plugin_answer_forget. ERR_DENIED: no such question; ERR_TRUNCATED, ERR_TOO_LARGE, ERR_MALFORMED:
 * the asker broke the protocol. ERR_UNAVAILABLE: the matcher failed; ${answer} says so and is to be
 * sent, and the process must end.
 */
MUST_CHECK enum err plugin_answer_make(const struct frame *question, struct frame *answer);
void plugin_answer_forget(void);
