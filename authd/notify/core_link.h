#pragma once

#include <stdbool.h>

#include "authd/wire/notify_wire.h"
#include "firmware/base/boot.h"
#include "firmware/base/serve.h"

/* What every notify process has with the core: a socket a lane, a greeting, and answers. */
struct core_link {
    struct serve *serve;
    struct serve_peer *cores[BOOT_PEERS_MAX]; /* one a lane */
    size_t core_count;
    uint8_t process_id[NOTIFY_PROCESS_ID_BYTES];
    bool core_was_down;
    bool failed; /* the loop was stopped since the core is lost: end with ERR_CLOSED */
};

/*
 * Adds the sockets to ${serve} under a new process id. Handlers get ${link} as their context: let
 * it be the first member of what they need. ERR_NOT_FOUND: the boot message names no core.
 */
MUST_CHECK enum err core_link_open(struct core_link *link, const struct boot *boot,
                                   struct serve *serve, const struct serve_verb *verbs,
                                   size_t verb_count);

/* Says HELLO on every lane. */
MUST_CHECK enum err core_link_greet(struct core_link *link);

/* For boot_ready: a core that was started anew is greeted again, for it knows nothing of us. */
struct boot_control core_link_control(struct core_link *link);

/* Was the message meant for this process, and not for one before it? */
bool core_link_is_ours(const struct core_link *link, const struct frame *frame);

/* Where the answer to a message goes. */
struct core_link_question {
    struct serve_peer *core;
    uint64_t id;
    uint32_t generation;
};
MUST_CHECK enum err core_link_answer(const struct core_link_question *question, bool delivered);
