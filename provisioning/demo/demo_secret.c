#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "firmware/base/bytes.h"
#include "provisioning/demo/demo_file.h"
#include "provisioning/demo/demo_secret.h"

#define LINE_MAX_BYTES 256

void demo_secret_wipe(struct demo_secret *secret) {
    sodium_memzero(secret, sizeof *secret);
}

enum err demo_secret_make_file(const char *path, struct demo_secret *secret) {
    uint8_t bytes[DEMO_SECRET_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    (void)sodium_bin2base64(secret->text, DEMO_SECRET_SIZE, bytes, sizeof bytes,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
    size_t len = strlen(secret->text);
    secret->text[len] = '\n';
    enum err err = demo_file_write(path, bytes_of(secret->text, len + 1), DEMO_FILE_SECRET);
    secret->text[len] = '\0';
    return err;
}

enum err demo_secret_read_file(const char *folder, const char *name, json_t **text) {
    char path[DEMO_FILE_PATH_SIZE], line[LINE_MAX_BYTES] = "";
    ERR_TRY(demo_file_path(path, folder, name));
    FILE *file = fopen(path, "re");
    bool read = file != NULL && fgets(line, sizeof line, file) != NULL;
    if (file != NULL)
        (void)fclose(file);
    line[strcspn(line, "\n")] = '\0';
    if (!read || line[0] == '\0') {
        fprintf(stderr, "idcs-demo: %s: no key in it: run `idcs-demo programmes` again\n", path);
        return ERR_NOT_FOUND;
    }
    *text = json_string(line);
    return *text != NULL ? ERR_OK : ERR_SYSTEM;
}
