#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provisioning/programme/kyc_story.h"

#include "firmware/base/codec.h"

static bool is_photo(const char *name) {
    return strcasecmp(name, "photo") == 0 || strcasecmp(name, "face") == 0;
}

static bool write_file(const char *path, const uint8_t *data, size_t len) {
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fwrite(data, 1, len, file) == len;
    if (file != NULL && fclose(file) != 0)
        written = false;
    if (!written)
        printf("    cannot write %s: choose another with --photo\n", path);
    return written;
}

static bool tell_photo(const char *name, const char *text, const char *path) {
    size_t size = CODEC_BASE64_BYTES(strlen(text)), len = 0;
    uint8_t *image = malloc(size);
    bool told = image != NULL &&
                codec_base64_decode(bytes_of_text(text), CODEC_STRICT, image, size, &len) == ERR_OK;
    if (told)
        printf("    %s: an image of %zu bytes%s%s\n", name, len, path != NULL ? ", now in " : "",
               path != NULL ? path : "");
    if (told && path != NULL)
        told = write_file(path, image, len);
    free(image);
    return told;
}

bool kyc_story_tell(const struct kit_partner *partner, const json_t *response,
                    const char *photo_path) {
    json_t *identity = NULL, *value;
    const char *name;
    bool told = mosip_kyc_open(partner, response, &identity) == ERR_OK;
    if (!told)
        printf("    the attributes do not open with this programme's key\n");
    json_object_foreach(identity, name, value) {
        const char *text = json_string_value(value);
        if (text != NULL && is_photo(name))
            told = tell_photo(name, text, photo_path) && told;
        else if (text != NULL)
            printf("    %s: %s\n", name, text);
    }
    json_decref(identity);
    return told;
}
