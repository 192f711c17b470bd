#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "provisioning/programme/kit.h"

#define CAPTURE_MAX (64 * 1024)

static enum err complain(enum err result, const char *what, const char *subject) {
    fprintf(stderr, "kit: %s: %s\n", what, subject);
    return result;
}

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

void kit_path(const struct kit *kit, const char *name, char *path, size_t size) {
    if (name[0] == '/')
        snprintf(path, size, "%s", name);
    else
        snprintf(path, size, "%s/%s", kit->folder, name);
}

static enum err read_certificate(const struct kit *kit, const char *name, X509 **certificate) {
    char path[1024];
    kit_path(kit, name, path, sizeof(path));
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return complain(ERR_NOT_FOUND, "cannot open the certificate", path);
    *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return *certificate != NULL ? ERR_OK : complain(ERR_MALFORMED, "not a PEM certificate", path);
}

enum err kit_certificate(const struct kit *kit, const char *name, X509 **certificate) {
    return read_certificate(kit, text_of(kit->document, name), certificate);
}

/* Splits what the user named, the folder or the document in it. */
static void locate(const char *named, struct kit *kit, char *document, size_t size) {
    struct stat status;
    const char *slash = strrchr(named, '/');
    int folder_len = slash != NULL ? (int)(slash - named) : 0;
    if (stat(named, &status) == 0 && S_ISREG(status.st_mode)) {
        snprintf(kit->folder, sizeof(kit->folder), "%.*s", folder_len, named);
        if (folder_len == 0)
            snprintf(kit->folder, sizeof(kit->folder), "%s", slash != NULL ? "/" : ".");
        snprintf(document, size, "%s", named);
    } else {
        snprintf(kit->folder, sizeof(kit->folder), "%s", named);
        kit_path(kit, "kit.json", document, size);
    }
}

enum err kit_open(const char *named, struct kit *kit) {
    char path[1024];
    *kit = (struct kit){0};
    locate(named, kit, path, sizeof(path));
    kit->document = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    if (kit->document == NULL)
        return complain(ERR_MALFORMED, "cannot read it, run quickstart first", path);
    kit->base_url = text_of(kit->document, "base_url");
    kit->licence_key = text_of(kit->document, "misp_license_key");
    kit->domain_uri = text_of(kit->document, "domain_uri");
    kit->environment = text_of(kit->document, "env");
    kit_path(kit, text_of(kit->document, "ca_certificate"), kit->ca_certificate,
             sizeof(kit->ca_certificate));
    kit_path(kit, text_of(kit->document, "outbox"), kit->outbox, sizeof(kit->outbox));
    return kit_certificate(kit, "encryption_certificate", &kit->encryption_certificate);
}

const char *kit_issuer(const struct kit *kit) {
    return text_of(kit->document, "issuer");
}

void kit_close(struct kit *kit) {
    X509_free(kit->encryption_certificate);
    json_decref(kit->document);
}

bool kit_partner_may(const json_t *partner, const char *type) {
    const json_t *allowed =
        json_object_get(json_object_get(partner, "allowed"), "allowedAuthTypes");
    size_t index;
    json_t *entry;
    json_array_foreach(allowed, index, entry) {
        if (strcmp(text_of(entry, "authType"), type) == 0)
            return true;
    }
    return false;
}

bool kit_partner_usable(const json_t *partner) {
    const json_t *allowed =
        json_object_get(json_object_get(partner, "allowed"), "allowedAuthTypes");
    size_t index;
    json_t *entry;
    json_array_foreach(allowed, index, entry) {
        if (json_is_true(json_object_get(entry, "mandatory")))
            return false;
    }
    return strcasecmp(text_of(partner, "status"), "ACTIVE") == 0;
}

static bool fits(const json_t *partner, const char *id) {
    if (id != NULL)
        return strcmp(text_of(partner, "id"), id) == 0;
    return strcasecmp(text_of(partner, "status"), "ACTIVE") == 0 &&
           kit_partner_may(partner, "otp") && kit_partner_may(partner, "otp-request");
}

enum err kit_signer_open(const struct kit *kit, const json_t *entry, const char *name,
                         struct kit_signer *signer) {
    char path[1024];
    kit_path(kit, text_of(entry, name), path, sizeof(path));
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return complain(ERR_NOT_FOUND, "cannot open the key file", path);
    PKCS12 *container = d2i_PKCS12_fp(file, NULL);
    fclose(file);
    int parsed = container != NULL && PKCS12_parse(container, text_of(entry, "p12_password"),
                                                   &signer->key, &signer->certificate, NULL);
    PKCS12_free(container);
    return parsed == 1 ? ERR_OK : complain(ERR_CRYPTO, "cannot open the PKCS#12 file", path);
}

void kit_signer_close(struct kit_signer *signer) {
    EVP_PKEY_free(signer->key);
    X509_free(signer->certificate);
    *signer = (struct kit_signer){0};
}

enum err kit_partner_open(const struct kit *kit, const char *id, struct kit_partner *partner) {
    size_t index;
    json_t *entry;
    *partner = (struct kit_partner){0};
    json_array_foreach(json_object_get(kit->document, "partners"), index, entry) {
        if (!fits(entry, id))
            continue;
        partner->id = text_of(entry, "id");
        partner->name = text_of(entry, "name");
        partner->api_key = text_of(entry, "api_key");
        struct kit_signer signer = {0};
        enum err result = kit_signer_open(kit, entry, "p12", &signer);
        partner->key = signer.key;
        partner->certificate = signer.certificate;
        return result;
    }
    return complain(ERR_NOT_FOUND, "no such programme in the kit", id != NULL ? id : "any");
}

void kit_partner_close(struct kit_partner *partner) {
    EVP_PKEY_free(partner->key);
    X509_free(partner->certificate);
}

enum err kit_person(const struct kit *kit, const char *note, const json_t **person) {
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(kit->document, "people"), index, entry) {
        if (strcmp(text_of(entry, "note"), note) == 0 ||
            strcmp(text_of(entry, "individualId"), note) == 0) {
            *person = entry;
            return ERR_OK;
        }
    }
    return complain(ERR_NOT_FOUND, "no such person in the kit", note);
}

enum err kit_device(const struct kit *kit, const char *type, const json_t **device) {
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(kit->document, "devices"), index, entry) {
        if (strcmp(text_of(json_object_get(entry, "digital_id"), "type"), type) == 0) {
            *device = entry;
            return ERR_OK;
        }
    }
    return complain(ERR_NOT_FOUND, "the kit has no device for this", type);
}

static enum err read_file(const char *path, struct bytes *content) {
    struct stat status;
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &status) != 0 || status.st_size > CAPTURE_MAX) {
        if (file != NULL)
            fclose(file);
        return complain(ERR_NOT_FOUND, "cannot read the capture", path);
    }
    uint8_t *data = malloc((size_t)status.st_size + 1);
    size_t len = data != NULL ? fread(data, 1, (size_t)status.st_size, file) : 0;
    fclose(file);
    *content = bytes_of(data, len);
    if (data != NULL && len == (size_t)status.st_size)
        return ERR_OK;
    free(data);
    return complain(ERR_SYSTEM, "cannot read the capture", path);
}

enum err kit_capture(const struct kit *kit, const json_t *person, const char *part, unsigned number,
                     struct bytes *record) {
    char path[1024];
    const json_t *files = json_object_get(json_object_get(person, "biometrics"), part);
    const char *name = json_string_value(json_array_get(files, number));
    if (name == NULL)
        return complain(ERR_NOT_FOUND, "the kit has no such capture of this person", part);
    kit_path(kit, name, path, sizeof(path));
    return read_file(path, record);
}
