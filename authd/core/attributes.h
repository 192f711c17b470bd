#pragma once

#include <stdbool.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/* What a policy lets a programme know of a person; each profile writes it in its own form. */

/* MOSIP's default mapping (§8.2) between the name in requests and answers and the name in the
 * store, for either of them; a name without a row is itself. */
const char *attributes_answer_name(const char *name);
const char *attributes_stored_name(const char *name);

/*
 * Calls ${each} with every value that the request's person has of ${attribute}, which is not the
 * photo: in the policy's languages, masked if the policy says so. ${language} is "" where there is
 * none. The value is good during the call.
 */
struct attributes_reader {
    void (*each)(void *context, const char *language, struct bytes value);
    void *context;
};
void attributes_each(const struct core *core, const struct request *request,
                     const struct policy_attribute *attribute,
                     const struct attributes_reader *reader);

/* MOSIP knows the photo by either name, `photo` and `face`, in any case. */
bool attributes_is_photo(const struct policy_attribute *attribute);
/* The policy's first such attribute; NULL: none. A face cannot be masked: what should be is left
 * out. */
const struct policy_attribute *attributes_photo(const struct policy *policy);
/* The person's, if the policy has the attribute; a person without one is no reason to refuse. */
MUST_CHECK enum err attributes_read_photo(const struct core *core, const struct request *request,
                                          struct secret *photo);
