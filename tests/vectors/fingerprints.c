#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/match/finger.h"
#include "authd/unseal/biometric_record.h"

/*
 * Records by other writers than ours: the templates that the matcher is measured on, and those of a
 * third vendor. They are not part of the repository: IDCS_FINGERPRINTS names their folder, or they
 * lie beside the repository. Each must be read, with as many minutiae as it says; of each no part
 * may be.
 */
#define EXIT_SKIPPED    77
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define PATH_SIZE       4096
#define RECORD_MAX      65536
#define COUNT_AT        27 /* minutiae of the first view (ISO/IEC 19794-2:2005) */

static const char *const extractors[] = {"mindtct", "sourceafis", "secugen"};

struct tally {
    unsigned read, too_few, failed;
};

static void fail(const char *path, const char *reason, struct tally *tally) {
    printf("FAILED %s: %s\n", path, reason);
    tally->failed++;
}

static enum biometric_reason read_as(struct bytes record, enum biometric_format format,
                                     struct biometric_record *read) {
    struct biometric_announced announced = {.modality = BIOMETRIC_FINGER, .format = format};
    biometric_record_read(record, announced, read);
    return read->reason;
}

static void check_parts(const char *path, struct bytes record, struct tally *tally) {
    static struct biometric_record read;
    for (size_t len = 0; len < record.len; len++)
        if (read_as(bytes_of(record.data, len), BIOMETRIC_FORMAT_UNKNOWN, &read) == BIOMETRIC_READ)
            fail(path, "its beginning is read too", tally);
    if (read_as(record, BIOMETRIC_ANSI_378_2004, &read) == BIOMETRIC_READ)
        fail(path, "read in another format", tally);
}

static void check_record(const char *path, struct bytes record, struct tally *tally) {
    static struct biometric_record read;
    static struct finger_prepared prepared;
    enum biometric_reason reason = read_as(record, BIOMETRIC_ISO_19794_2_2005, &read);
    bool has_few = record.len > COUNT_AT && record.data[COUNT_AT] < BIOMETRIC_MINUTIAE_MIN;
    check_parts(path, record, tally);
    if (has_few && reason == BIOMETRIC_TOO_FEW_MINUTIAE)
        tally->too_few++;
    else if (reason != BIOMETRIC_READ)
        fail(path, biometric_wire_reason_text(reason), tally);
    else if (read.finger_count != 1 || read.fingers[0].minutiae.count != record.data[COUNT_AT])
        fail(path, "other counts", tally);
    else if (finger_prepare(&read.fingers[0].minutiae, &prepared) != ERR_OK)
        fail(path, "cannot be prepared for a comparison", tally);
    else
        tally->read++;
}

static void check_file(const char *path, struct tally *tally) {
    static uint8_t memory[RECORD_MAX];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(path, "cannot be opened", tally);
        return;
    }
    size_t len = fread(memory, 1, sizeof memory, file);
    (void)fclose(file);
    check_record(path, bytes_of(memory, len), tally);
}

static bool is_record(const char *name) {
    const char *end = strrchr(name, '.');
    return end != NULL && (strcmp(end, ".fmr") == 0 || strcmp(end, ".iso") == 0);
}

/* Of a folder its records, and those of the folders in it. */
static void check_folder(const char *folder, unsigned depth, struct tally *tally) {
    struct dirent **entries = NULL;
    int count = depth == 0 ? 0 : scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        const char *name = entries[i]->d_name;
        int len = snprintf(path, sizeof path, "%s/%s", folder, name);
        bool fits = len > 0 && len < PATH_SIZE;
        if (fits && entries[i]->d_type == DT_DIR && name[0] != '.')
            check_folder(path, depth - 1, tally);
        else if (fits && is_record(name))
            check_file(path, tally);
        free(entries[i]);
    }
    free(entries);
}

int main(void) {
    const char *folder = getenv("IDCS_FINGERPRINTS");
    struct tally all = {0};
    if (folder == NULL)
        folder = FINGERPRINTS_FOLDER;
    for (size_t i = 0; i < COUNT_OF(extractors); i++) {
        char path[PATH_SIZE];
        struct tally tally = {0};
        (void)snprintf(path, sizeof path, "%s/%s", folder, extractors[i]);
        check_folder(path, 2, &tally);
        printf("%s: %u read, %u with too few minutiae, %u failed\n", extractors[i], tally.read,
               tally.too_few, tally.failed);
        all.read += tally.read;
        all.failed += tally.failed;
    }
    if (all.read + all.failed == 0) {
        printf("skipped: no records in %s; set IDCS_FINGERPRINTS\n", folder);
        return EXIT_SKIPPED;
    }
    return all.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
