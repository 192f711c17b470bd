#pragma once

#include <stdatomic.h>

/*
 * What a test tells the shim (pkcs11_shim.c) while processes use it: a page of memory that all of
 * them map, for a confined signer opens no files. A fault strikes ${times} calls of one function,
 * after ${skip} of them went well.
 */
#define PKCS11_FAULT_FUNCTIONS(FUNCTION)                                                           \
    FUNCTION(C_Initialize)                                                                         \
    FUNCTION(C_GetTokenInfo)                                                                       \
    FUNCTION(C_OpenSession)                                                                        \
    FUNCTION(C_Login)                                                                              \
    FUNCTION(C_FindObjectsInit)                                                                    \
    FUNCTION(C_FindObjects)                                                                        \
    FUNCTION(C_GetAttributeValue)                                                                  \
    FUNCTION(C_GenerateKeyPair)                                                                    \
    FUNCTION(C_DestroyObject)                                                                      \
    FUNCTION(C_SignInit)                                                                           \
    FUNCTION(C_Sign)                                                                               \
    FUNCTION(C_DecryptInit)                                                                        \
    FUNCTION(C_Decrypt)                                                                            \
    FUNCTION(C_DeriveKey)

enum pkcs11_function {
#define NUMBER(name) PKCS11_##name,
    PKCS11_FAULT_FUNCTIONS(NUMBER)
#undef NUMBER
        PKCS11_FUNCTIONS
};

enum pkcs11_fault_kind {
    PKCS11_WELL,
    PKCS11_RETURNS,     /* ${result}, and nothing was done */
    PKCS11_DOES,        /* what it should, but returns ${result} */
    PKCS11_HANGS,       /* for ever */
    PKCS11_LIES,        /* CKR_OK, and nothing was done; of a search: nothing was found */
    PKCS11_HIDES,       /* what it made, or said to have destroyed, this process does not find */
    PKCS11_LEAVES_HALF, /* of a pair: a public key without a name; returns ${result} */
    PKCS11_FLIPS,       /* a bit of what it gives */
    PKCS11_LOSES,       /* all sessions are closed before, as when an HSM is reset */
    PKCS11_LOGS_OUT,    /* somebody else has, before */
};

struct pkcs11_fault {
    atomic_uint function;
    atomic_uint kind;
    atomic_uint skip;
    atomic_uint times;
    atomic_uint struck; /* so often, counted by the shim */
    atomic_ulong result;
    atomic_uint calls[PKCS11_FUNCTIONS];
};
