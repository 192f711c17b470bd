#pragma once

#include <openssl/evp.h>

#include "authd/wire/unseal_wire.h"

/*
 * What an officer is told that a key is: "RSA-2048", "secp384r1". The name of a curve is the one
 * its standard gave it. "" of no key.
 */
void key_name(EVP_PKEY *key, char name[static UNSEAL_KEY_NAME_SIZE]);
