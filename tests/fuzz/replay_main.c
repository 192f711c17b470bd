/*
 * The main() of a fuzz harness in an ordinary build: feeds every file of the given folders to the
 * harness, once. A harness aborts on a broken property; a folder without files, or that cannot be
 * read, is a failure.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SIZE      4096
#define FILE_BYTES_MAX (16u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fail(const char *path, const char *reason) {
    (void)fprintf(stderr, "%s: %s\n", path, reason);
    exit(EXIT_FAILURE);
}

static void replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0)
        fail(path, strerror(errno));
    if (status.st_size > FILE_BYTES_MAX)
        fail(path, "too large for a corpus: reduce it with the fuzzer's -minimize_crash=1");
    /* Exactly as large as the input, so that the address sanitizer sees a read beyond its end. */
    size_t size = (size_t)status.st_size;
    uint8_t *data = size > 0 ? malloc(size) : NULL;
    if (size > 0 && (data == NULL || fread(data, 1, size, file) != size))
        fail(path, "cannot be read whole");
    (void)fclose(file);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static unsigned replay_folder(const char *folder) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0)
        fail(folder, strerror(errno));
    unsigned replayed = 0;
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        struct stat status;
        int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        free(entries[i]);
        if (len < 0 || len >= PATH_SIZE)
            fail(folder, "a path in it is too long");
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
            replay_file(path);
            replayed++;
        }
    }
    free(entries);
    if (replayed == 0)
        fail(folder, "has no files: put at least one input there");
    return replayed;
}

int main(int argc, char **argv) {
    if (argc < 2)
        fail(argc > 0 ? argv[0] : "replay",
             "name the folders to replay, as in tests/fuzz/corpus/base64");
    unsigned replayed = 0;
    for (int i = 1; i < argc; i++)
        replayed += replay_folder(argv[i]);
    printf("%u inputs replayed\n", replayed);
    return EXIT_SUCCESS;
}
