#pragma once

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"

/*
 * Files of the demonstration. Each is written beside its name and then renamed, so that a command
 * run again, or ended in between, leaves whole files. Failures are explained on stderr.
 */
#define DEMO_FILE_PATH_SIZE 512

#define DEMO_FILE_PUBLIC 0644
#define DEMO_FILE_SECRET 0600 /* it holds a key or a password */

/* Makes ${directory} and those above it. */
MUST_CHECK enum err demo_file_directory(const char *directory);
/* "DIRECTORY/NAME". */
MUST_CHECK enum err demo_file_path(char path[static DEMO_FILE_PATH_SIZE], const char *directory,
                                   const char *name);
MUST_CHECK enum err demo_file_write(const char *path, struct bytes content, unsigned mode);
/* For what can be made again: whole or absent, but not for a disk that loses power. */
MUST_CHECK enum err demo_file_write_again(const char *path, struct bytes content);
MUST_CHECK enum err demo_file_write_json(const char *path, const json_t *json, unsigned mode);
/* PEM of a certificate, or of a private key that is not encrypted. */
MUST_CHECK enum err demo_file_write_certificate(const char *path, X509 *certificate);
MUST_CHECK enum err demo_file_write_key(const char *path, EVP_PKEY *key);

MUST_CHECK enum err demo_file_load_json(const char *path, json_t **json);
MUST_CHECK enum err demo_file_copy(const char *from, const char *to, unsigned mode);

void demo_file_json_free(json_t **json);
#define DEMO_JSON_CLEANUP __attribute__((cleanup(demo_file_json_free)))
