#include <stdbool.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "provisioning/demo/demo_file.h"

#define COPY_MAX (64 * 1024)

static enum err explain(const char *path, const char *what) {
    fprintf(stderr, "idcs-demo: %s: %s (%s)\n", path, what, strerror(errno));
    return ERR_SYSTEM;
}

enum err demo_file_path(char path[static DEMO_FILE_PATH_SIZE], const char *directory,
                        const char *name) {
    int len = snprintf(path, DEMO_FILE_PATH_SIZE, "%s/%s", directory, name);
    if (len > 0 && len < DEMO_FILE_PATH_SIZE)
        return ERR_OK;
    fprintf(stderr, "idcs-demo: %s: the path is too long: choose a shorter folder\n", directory);
    return ERR_TOO_LARGE;
}

enum err demo_file_directory(const char *directory) {
    char path[DEMO_FILE_PATH_SIZE];
    ERR_TRY(demo_file_path(path, directory, ""));
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return explain(path, "cannot make this folder: choose another with --out");
        *slash = '/';
    }
    return ERR_OK;
}

static enum err write_all(int fd, struct bytes content) {
    while (content.len > 0) {
        ssize_t written = write(fd, content.data, content.len);
        if (written <= 0)
            return ERR_SYSTEM;
        content = bytes_of(content.data + written, content.len - (size_t)written);
    }
    return ERR_OK;
}

static enum err write_file(const char *path, struct bytes content, unsigned mode, bool sync) {
    char temporary[DEMO_FILE_PATH_SIZE + 8];
    (void)snprintf(temporary, sizeof temporary, "%s.new", path);
    (void)unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return explain(path, "cannot write: check that the folder exists and is yours");
    enum err err = write_all(fd, content);
    if (sync && fsync(fd) != 0)
        err = ERR_SYSTEM;
    if (close(fd) != 0)
        err = ERR_SYSTEM;
    if (err == ERR_OK && rename(temporary, path) == 0)
        return ERR_OK;
    err = explain(path, "cannot write: check the room on the disk");
    (void)unlink(temporary);
    return err;
}

enum err demo_file_write(const char *path, struct bytes content, unsigned mode) {
    return write_file(path, content, mode, true);
}

enum err demo_file_write_again(const char *path, struct bytes content) {
    return write_file(path, content, DEMO_FILE_PUBLIC, false);
}

enum err demo_file_write_json(const char *path, const json_t *json, unsigned mode) {
    char *text = json_dumps(json, JSON_INDENT(1));
    if (text == NULL) {
        fprintf(stderr, "idcs-demo: %s: no memory to write it: ask for fewer people\n", path);
        return ERR_SYSTEM;
    }
    enum err err = demo_file_write(path, bytes_of_text(text), mode);
    free(text);
    return err;
}

static enum err write_bio(const char *path, BIO *bio, bool encoded, unsigned mode) {
    char *text = NULL;
    long len = encoded ? BIO_get_mem_data(bio, &text) : 0;
    enum err err = ERR_CRYPTO;
    if (len > 0)
        err = demo_file_write(path, bytes_of(text, (size_t)len), mode);
    else
        fprintf(stderr, "idcs-demo: %s: OpenSSL cannot encode it\n", path);
    BIO_free(bio);
    return err;
}

enum err demo_file_write_certificate(const char *path, X509 *certificate) {
    BIO *bio = BIO_new(BIO_s_mem());
    bool encoded = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1;
    return write_bio(path, bio, encoded, DEMO_FILE_PUBLIC);
}

enum err demo_file_write_key(const char *path, EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_secmem());
    bool encoded =
        bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    return write_bio(path, bio, encoded, DEMO_FILE_SECRET);
}

enum err demo_file_load_json(const char *path, json_t **json) {
    json_error_t error;
    *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (*json != NULL)
        return ERR_OK;
    fprintf(stderr, "idcs-demo: %s, line %d: %s: make it with this program\n", path, error.line,
            error.text);
    return ERR_MALFORMED;
}

enum err demo_file_copy(const char *from, const char *to, unsigned mode) {
    static uint8_t memory[COPY_MAX];
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return explain(from, "cannot read: check the path");
    ssize_t len = read(fd, memory, sizeof memory);
    (void)close(fd);
    if (len <= 0 || (size_t)len == sizeof memory) {
        fprintf(stderr, "idcs-demo: %s: give a file of 1 to %d bytes\n", from, COPY_MAX - 1);
        return ERR_TOO_LARGE;
    }
    return demo_file_write(to, bytes_of(memory, (size_t)len), mode);
}

void demo_file_json_free(json_t **json) {
    json_decref(*json);
}
