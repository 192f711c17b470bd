#pragma once

#include "firmware/base/kv.h"
#include "authd/store/key_usage.h"

/*
 * The usage of keys in a table of LMDB `state`. Every row carries a check; as these are statistics,
 * damage begins the counting anew, which holds every key for a day, and fails nothing.
 */

/* Once, before the first use. Damage is logged. ERR_SYSTEM. */
MUST_CHECK enum err key_usage_file_load(struct key_usage *usage, struct kv *file, unsigned table,
                                        int64_t boot_ms);
/*
 * Writes what has changed about once a minute, a part of it at a time; else it does nothing. From
 * the thread that writes the file. On an error all is kept and tried again.
 */
MUST_CHECK enum err key_usage_file_settle(struct key_usage *usage, struct kv *file, unsigned table,
                                          int64_t boot_ms);
/* Writes all that has changed, however much it is. */
MUST_CHECK enum err key_usage_file_save(struct key_usage *usage, struct kv *file, unsigned table,
                                        int64_t boot_ms);
