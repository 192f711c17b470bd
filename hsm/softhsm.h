#pragma once

#include <stddef.h>

#include "firmware/base/err.h"

/*
 * What has to be known of SoftHSM, which is a library in this process: it opens its object files
 * anew for each operation, so that the confined process must be allowed its token directory.
 * Another module has no such file: then ${directory} is "".
 *
 * ${configuration} becomes SOFTHSM2_CONF; "" leaves the environment alone and looks at
 * /etc/softhsm/softhsm2.conf. ${size} is that of ${directory}. To be called before the module is
 * loaded. ERR_CONFIG: the file is named but cannot be read, or has no directories.tokendir.
 */
MUST_CHECK enum err softhsm_prepare(const char *configuration, char *directory, size_t size);
