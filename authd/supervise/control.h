#pragma once

#include "authd/supervise/process.h"
#include "firmware/base/serve.h"

/* What the processes may say to authd, each kind only what is its own to say. */
struct serve_peer_options control_options(struct process *process);

/* Tells everyone the state of the box. */
void control_broadcast_state(struct supervisor *supervisor);

/* Tells the neighbours of ${process} that it died. */
void control_tell_down(struct process *process);

/* Says once, to the log and the service manager, that all that may run is ready. */
void control_note_settled(struct supervisor *supervisor);
