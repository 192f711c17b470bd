#pragma once

#include <stddef.h>
#include <stdint.h>

#include "authd/supervise/family.h"
#include "firmware/base/boot.h"
#include "firmware/base/conf.h"

/* The configuration file: authd's own section, and the others' text, which only they understand. */
#define SETTINGS_PATH_SIZE 180
#define SETTINGS_NAME_SIZE 64

struct settings {
    char listen[SETTINGS_NAME_SIZE];      /* "127.0.0.1:8443", "[::1]:8443" */
    char listen_jose[SETTINGS_NAME_SIZE]; /* "": no JOSE profile */
    int64_t lanes, signers;               /* after loading: from 1 to 16 */
    char libexec[SETTINGS_PATH_SIZE];
    char notify_program[SETTINGS_NAME_SIZE];
    char state_directory[SETTINGS_PATH_SIZE];
    char run_directory[SETTINGS_PATH_SIZE];
    int64_t hang_ms, start_ms;
    char user[SETTINGS_NAME_SIZE];
    char users[FAMILY_KINDS][SETTINGS_NAME_SIZE];
    char registry_group[SETTINGS_NAME_SIZE];
    /* From the sections of others. Of the PIN file authd looks at the name, never into it. */
    char pin_file[SETTINGS_PATH_SIZE];
    char plugin_library[SETTINGS_PATH_SIZE];    /* "": there is no plug-in */
    int64_t plugin_deadline_ms;                 /* hang_ms of the plug-in */
    char edge_tls_key[SETTINGS_PATH_SIZE + 80]; /* "": the key of handshakes is in the token */
    int64_t propagation_seconds; /* until every process knows of a key: longer than hang_ms */
    struct {
        char text[BOOT_SETTINGS_MAX];
        size_t len;
    } sections[FAMILY_KINDS];
};

extern const struct conf_key settings_keys[];
extern const size_t settings_key_count;

/* Whether there are processes of this kind: of all but the plug-in there are. */
bool settings_has(const struct settings *settings, enum family_kind kind);

/* Reads ${path}. ERR_CONFIG with ${problem} saying what to do. */
MUST_CHECK enum err settings_load(const char *path, struct settings *settings,
                                  struct conf_problem *problem);
/* The same from a text. */
MUST_CHECK enum err settings_parse(struct bytes file, struct settings *settings,
                                   struct conf_problem *problem);
