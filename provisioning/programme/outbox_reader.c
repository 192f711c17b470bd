#include <dirent.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/programme/outbox_reader.h"

#include "firmware/base/clock.h"

enum { PATIENCE_MS = 10000, LOOK_MS = 50 };

/* Takes the code out of the message if it is the transaction's. */
static bool read_message(const char *path, const char *transaction_id,
                         char code[static OUTBOX_READER_CODE_SIZE]) {
    json_t *message = json_load_file(path, 0, NULL);
    const char *transaction = json_string_value(json_object_get(message, "transactionID"));
    const char *otp = json_string_value(json_object_get(message, "otp"));
    bool ours = transaction != NULL && otp != NULL && strcmp(transaction, transaction_id) == 0;
    if (ours) {
        snprintf(code, OUTBOX_READER_CODE_SIZE, "%s", otp);
        printf("    the person reads: %s\n", json_string_value(json_object_get(message, "text")));
    }
    json_decref(message);
    return ours;
}

/* The newest message of the transaction; false when there is none. */
static bool find_code(const char *outbox, const char *transaction_id,
                      char code[static OUTBOX_READER_CODE_SIZE]) {
    struct dirent **names = NULL;
    int count = scandir(outbox, &names, NULL, alphasort);
    bool found = false;
    for (int i = count - 1; i >= 0; i--) {
        char path[1100];
        snprintf(path, sizeof(path), "%s/%s", outbox, names[i]->d_name);
        if (!found && names[i]->d_name[0] != '.')
            found = read_message(path, transaction_id, code);
        free(names[i]);
    }
    free(names);
    return found;
}

bool outbox_reader_await(const char *outbox, const char *transaction_id,
                         char code[static OUTBOX_READER_CODE_SIZE]) {
    int64_t until_ms = clock_boot_ms() + PATIENCE_MS;
    while (clock_boot_ms() < until_ms) {
        if (find_code(outbox, transaction_id, code))
            return true;
        poll(NULL, 0, LOOK_MS);
    }
    printf("    no message for this transaction in %s\n", outbox);
    return false;
}
