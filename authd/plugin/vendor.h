#pragma once

#include "firmware/base/err.h"
#include "authd/plugin/library.h"
#include "authd/wire/plugin_wire.h"

/*
 * The calls into the vendor's matcher, and the judgement of what comes back. There is one matcher a
 * process. Templates are made between two pages that nobody may touch, and wiped by vendor_forget.
 */

/*
 * init and describe; makes the memory for templates. ERR_CONFIG: init failed, or the description is
 * none, see ${problem}; ERR_SYSTEM.
 */
MUST_CHECK enum err vendor_open(const struct match_plugin *table, const char *settings,
                                struct library_problem *problem);
void vendor_close(void);

const struct plugin_hello *vendor_hello(void);

/*
 * ${answer} is good until vendor_forget. Its status tells the asker; the result tells what is to
 * become of this process: ERR_UNAVAILABLE, the matcher failed or broke its contract, and must be
 * replaced.
 */
MUST_CHECK enum err vendor_extract(const struct plugin_extract *question,
                                   struct plugin_extracted *answer);
MUST_CHECK enum err vendor_compare(const struct plugin_compare *question,
                                   struct plugin_compared *answer);
void vendor_forget(void);
