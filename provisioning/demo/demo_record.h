#pragma once

#include "firmware/base/bytes.h"
#include "authd/match/finger.h"

/* Records of one finger, as capture devices and registers write them. */
enum demo_record_edition {
    DEMO_RECORD_2005, /* ISO/IEC 19794-2:2005, record format */
    DEMO_RECORD_2011, /* ISO/IEC 19794-2:2011, six bytes a minutia */
};

/* Appends the record of ${minutiae}, whose position and quality are set; ${record} has the error.
 */
void demo_record_write(const struct finger_template *minutiae, enum demo_record_edition edition,
                       struct buffer *record);
