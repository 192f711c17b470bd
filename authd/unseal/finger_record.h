#pragma once

#include "firmware/base/bytes.h"
#include "authd/wire/biometric_wire.h"

/*
 * Records of finger minutiae: ISO/IEC 19794-2:2005, 19794-2:2011 and ANSI INCITS 378-2004.
 *
 * Two pairs of formats begin with the same magic. Of " 20" ISO has the length in four bytes and
 * ANSI in two, or as 0 and four more from 65536; of "030" only one way through the parts ends where
 * the record does. ANSI 378-2009 and the forms for chip cards that come in a BER template are
 * recognised to be refused by name; a card's bare minutiae have nothing to be recognised by.
 */

/*
 * Reads ${record} into ${read}: all of its fingers or, with another reason than BIOMETRIC_READ,
 * none. ${expected} is the format it was announced in, or BIOMETRIC_FORMAT_UNKNOWN. The format of
 * ${read} is what it is in, also when it is refused.
 *
 * Coordinates and resolution stay those of the image: who prepares the template for comparison
 * scales it, once. Angles become 256ths of a circle, rounded from ANSI's degrees. A minutia's
 * quality that is not reported is 0, as is a finger's.
 */
void finger_record_read(struct bytes record, enum biometric_format expected,
                        struct biometric_record *read);
