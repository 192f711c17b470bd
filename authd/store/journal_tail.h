#pragma once

#include "authd/store/journal_segment.h"

/*
 * Where the last segment ends. ${reader} has stopped, on ${stopped}, before what may be a torn
 * tail: that is cut away and zeroed, so that nothing of it is ever read. ERR_CORRUPT when it is
 * damage instead; ERR_SYSTEM.
 */
MUST_CHECK enum err journal_tail_settle(struct journal_reader *reader, enum err stopped);
