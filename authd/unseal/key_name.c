#include "authd/unseal/key_name.h"

#include <stdio.h>

void key_name(EVP_PKEY *key, char name[static UNSEAL_KEY_NAME_SIZE]) {
    char group[UNSEAL_KEY_NAME_SIZE] = "";
    name[0] = '\0';
    if (key == NULL)
        return;
    const char *kind = EVP_PKEY_get0_type_name(key);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
        (void)snprintf(name, UNSEAL_KEY_NAME_SIZE, "%s",
                       EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 ? group : "EC");
    else
        (void)snprintf(name, UNSEAL_KEY_NAME_SIZE, "%s-%d", kind != NULL ? kind : "",
                       EVP_PKEY_get_bits(key));
}
