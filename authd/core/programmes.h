#pragma once

#include "firmware/base/err.h"
#include "authd/core/request.h"
#include "authd/store/registry.h"

/*
 * What the registry has of the programmes that ask, kept until it changes: each change counts the
 * registry's sequence up, which is read every time. Only programmes with everything they need to
 * ask are kept, so that nobody fills the room with names. One a lane.
 */
#define PROGRAMMES_KEPT 64

struct programmes;
MUST_CHECK enum err programmes_new(struct programmes **programmes);
void programmes_free(struct programmes *programmes); /* NULL is allowed */

/* As programme_load; in the JOSE profile with ${request->jose.client} and ${has_client} too. */
MUST_CHECK enum err programmes_load(struct programmes *programmes, struct registry *registry,
                                    struct request *request);
