#pragma once

#include "firmware/base/err.h"
#include "authd/core/request.h"

/* What the programme sealed, and the rest of its envelope that is raw bytes, before it is opened.
 */

/* The envelope's views must outlive the frame: blobs move into memory of the request. ERR_FULL. */
MUST_CHECK enum err sealed_keep(struct request *request);
/* Whether the members that have to be decrypted are there at all (filter layer). Refuses. */
void sealed_check(struct request *request);
