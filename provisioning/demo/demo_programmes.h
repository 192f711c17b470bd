#pragma once

#include <stdbool.h>

#include "firmware/base/err.h"

/*
 * Demo programmes: a certificate authority of trust domain AUTH, programmes with policies that
 * differ, their keys, and TLS for this machine. Into ${directory}:
 *   programmes.json                       for `officer programmes import`
 *   auth-ca.pem, misp.license-key
 *   partners/ID.pem .p12 .password .api-key
 *   partners/ID.tls.pem .tls.key .signature.pem .signature.key .encryption.pem .encryption.key
 *   tls/ca.pem, tls/server.pem, tls/server.key
 *   capture devices with their authorities (demo_devices.h)
 * The keys of all authorities are forgotten. programmes.json is written last: when it is there
 * the whole is, and nothing is made again (*made is false).
 */
#define DEMO_PROGRAMMES_FILE     "programmes.json"
#define DEMO_PROGRAMMES_TLS_CA   "tls/ca.pem"
#define DEMO_PROGRAMMES_MISP_KEY "misp.license-key"
MUST_CHECK enum err demo_programmes_make(const char *directory, bool *made);
