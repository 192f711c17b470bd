#pragma once

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "authd/core/core.h"
#include "authd/core/request.h"

/*
 * eKYC (§2.7): the attributes the policy allows, as JSON, encrypted to the certificate registered
 * for the programme. Nobody but that programme can read them; the signer sees ciphertext.
 */

/*
 * The policy's attributes of the person into ${json}: keys of the mapping, `_lang` behind those
 * with a language; for `photo` or `face` the image file as plain base64. MOSIP gives the biometric
 * data block the register stored, or CBEFF; this register stores image files, so there is nothing
 * around the image to take off. An empty ${photo}: there is none.
 */
MUST_CHECK enum err kyc_write(const struct core *core, const struct request *request,
                              struct bytes photo, struct buffer *json);

/*
 * Fills the statement's identity, session key and thumbprint; their memory is
 * ${request->attributes}. MOSIP_EKA_001 by request_refuse when the certificate cannot be used.
 */
MUST_CHECK enum err kyc_seal(const struct core *core, struct request *request);
