#include <stdlib.h>
#include <string.h>

#include "authd/notify/gateway/report.h"

/* The line a gateway brings: what is accepted is a path of ours with a kind we asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct report report;
    char path[REPORT_PATH_SIZE];
    if (report_parse(bytes_of(data, size), &report) != ERR_OK) {
        if (report.id != 0 || report.kind != 0)
            abort();
        return 0;
    }
    report_path(report.id, path);
    size_t known = strlen(path) - strlen("%d");
    if (strncasecmp((const char *)data + strlen("GET "), path, known) != 0 ||
        (report.kind != REPORT_DELIVERED && report.kind != REPORT_FAILED &&
         report.kind != REPORT_REJECTED))
        abort();
    return 0;
}
