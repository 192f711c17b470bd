#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/base/bytes.h"
#include "firmware/base/log.h"
#include "firmware/base/scope.h"
#include "hsm/softhsm.h"

#define DEFAULT_CONFIGURATION "/etc/softhsm/softhsm2.conf"
#define LINE_SIZE             1024

static const char token_directory[] = "directories.tokendir";
static const char blanks[] = " \t\r\n";

/* The value of "${name} = value", without the blanks around it; NULL when it is another line. */
static char *value_of(char *line, const char *name) {
    char *at = line + strspn(line, blanks);
    if (strncmp(at, name, strlen(name)) != 0)
        return NULL;
    at += strlen(name);
    at += strspn(at, blanks);
    if (*at++ != '=')
        return NULL;
    at += strspn(at, blanks);
    size_t len = strlen(at);
    while (len > 0 && strchr(blanks, at[len - 1]) != NULL)
        at[--len] = '\0';
    return at;
}

static enum err read_directory(FILE *stream, char *directory, size_t size) {
    char line[LINE_SIZE];
    directory[0] = '\0';
    while (fgets(line, sizeof line, stream) != NULL) {
        const char *value = value_of(line, token_directory);
        if (value == NULL)
            continue;
        if (value[0] != '/' || bytes_to_text(bytes_of_text(value), directory, size) != ERR_OK)
            return ERR_CONFIG;
    }
    return directory[0] != '\0' && ferror(stream) == 0 ? ERR_OK : ERR_CONFIG;
}

enum err softhsm_prepare(const char *configuration, char *directory, size_t size) {
    bool named = configuration[0] != '\0';
    directory[0] = '\0';
    if (named && setenv("SOFTHSM2_CONF", configuration, 1) != 0)
        return ERR_SYSTEM;
    SCOPE_STREAM *stream = fopen(named ? configuration : DEFAULT_CONFIGURATION, "re");
    if (stream == NULL && !named)
        return ERR_OK;
    enum err err = stream != NULL ? read_directory(stream, directory, size) : ERR_CONFIG;
    if (err != ERR_OK && named)
        log_event(LOG_ERROR, "softhsm-conf-refused",
                  "reason=must-be-readable-and-name-an-absolute-directories.tokendir");
    return named ? err : ERR_OK;
}
