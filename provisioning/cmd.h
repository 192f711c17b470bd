#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firmware/base/secret.h"
#include "provisioning/officer_link.h"
#include "provisioning/officer_text.h"

/* One command of officer: `officer NOUN VERB KEY=VALUE…`. Each noun has a file of its own. */
#define CMD_ARGUMENTS_MAX 12

struct arguments {
    size_t count;
    struct {
        const char *name; /* of the table below */
        const char *value;
    } given[CMD_ARGUMENTS_MAX];
};
/* NULL when it was not given. */
const char *arguments_get(const struct arguments *arguments, const char *name);

struct argument {
    const char *name;  /* NULL ends the table; "" is the file given without a key */
    const char *shown; /* for --help: "FILE" */
    bool optional;
    bool bare; /* its value stands alone, after that of the argument before it */
};

struct command {
    const char *noun, *verb; /* verb "": the noun stands alone */
    enum officer_text about;
    const char *example;
    struct argument arguments[CMD_ARGUMENTS_MAX];
    enum result (*run)(struct officer_link *link, const struct arguments *arguments);
};

extern const struct command cmd_key_initialise, cmd_key_list, cmd_key_show, cmd_key_roll,
    cmd_key_keep, cmd_key_usage, cmd_key_retire, cmd_key_destroy, cmd_key_revoke, cmd_key_custody,
    cmd_clock_confirm;
extern const struct command cmd_root_roll, cmd_root_sweep, cmd_root_remove;
extern const struct command cmd_tls_request, cmd_tls_install, cmd_tls_remove, cmd_tls_show;
extern const struct command cmd_trust_add, cmd_trust_list, cmd_trust_remove;
extern const struct command cmd_partner_add, cmd_partner_suspend, cmd_partner_activate;
extern const struct command cmd_partner_jose, cmd_partner_jose_remove, cmd_partner_jose_show;
extern const struct command cmd_certificate_issue, cmd_certificate_device;
extern const struct command cmd_policy_add;
extern const struct command cmd_api_key_add;
extern const struct command cmd_misp_add;
extern const struct command cmd_people_import;
extern const struct command cmd_programmes_import;
extern const struct command cmd_hotlist_add, cmd_hotlist_remove;
extern const struct command cmd_status;
extern const struct command cmd_pin;

/*
 * What `people import` and `policy add` have of biometrics. ${where} names the person or the policy
 * in complaints. ${records} is a view of memory that the next call overwrites.
 */
MUST_CHECK_RESULT enum result cmd_biometrics_records(const json_t *person, const char *where,
                                                     struct bytes *records);
void cmd_biometrics_wipe(void);
MUST_CHECK_RESULT enum result cmd_biometrics_policy(const json_t *object, const char *where,
                                                    struct policy_biometrics *biometrics);

/* What `programmes import` is made of. Each asks provd and says a refusal, naming ${where} in it.
 */
struct cmd_partner {
    char id[PROGRAMME_ID_SIZE], name[PROGRAMME_NAME_SIZE];
    enum programme_status status;
    const char *certificate_path;
};
MUST_CHECK_RESULT enum result cmd_trust_send(struct officer_link *link, const char *domain,
                                             const char *path);
MUST_CHECK_RESULT enum result cmd_partner_send(struct officer_link *link,
                                               const struct cmd_partner *partner);
/* The certificates of a programme for the JOSE profile. */
struct cmd_partner_jose {
    char id[PROGRAMME_ID_SIZE];
    const char *tls_path, *signature_path, *encryption_path;
};
MUST_CHECK_RESULT enum result cmd_partner_jose_send(struct officer_link *link,
                                                    const struct cmd_partner_jose *jose);
/* ${policy_json} is an object of MOSIP's policy members and ours; ${where} names it. */
MUST_CHECK_RESULT enum result cmd_policy_send(struct officer_link *link, const json_t *policy_json,
                                              const char *where, char id[PROGRAMME_ID_SIZE]);
MUST_CHECK_RESULT enum result cmd_api_key_send(struct officer_link *link, const struct api_key *row,
                                               const char *path);
MUST_CHECK_RESULT enum result cmd_misp_send(struct officer_link *link, const struct misp *row,
                                            const char *path);
