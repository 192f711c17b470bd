#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/cmd.h"
#include "provisioning/officer_json.h"

#define PATH_SIZE 512

/* One file for all programmes of a box; the paths in it are relative to the file's own folder. */
struct import {
    struct officer_link *link;
    const char *path;
    char folder[PATH_SIZE]; /* "" or with a final slash */
};

static enum result resolve(const struct import *import, const char *name, const char *where,
                           char path[static PATH_SIZE]) {
    bool absolute = name[0] == '/';
    int len = snprintf(path, PATH_SIZE, "%s%s", absolute ? "" : import->folder, name);
    return len > 0 && len < PATH_SIZE ? RESULT_DONE : officer_json_refuse(where, name);
}

static enum result put_trust(const struct import *import, const json_t *object, const char *where) {
    char domain[OFFICER_DOMAIN_SIZE] = "", file[PATH_SIZE] = "", path[PATH_SIZE];
    const struct officer_json_member members[] = {
        {"domain", OFFICER_JSON_TEXT, true, domain, sizeof domain},
        {"certificate", OFFICER_JSON_TEXT, true, file, sizeof file},
    };
    RESULT_TRY(OFFICER_JSON_READ(object, where, members));
    RESULT_TRY(resolve(import, file, where, path));
    return cmd_trust_send(import->link, domain, path);
}

static enum result put_policy(const struct import *import, const json_t *object,
                              const char *where) {
    char id[PROGRAMME_ID_SIZE];
    return cmd_policy_send(import->link, object, where, id);
}

static enum result put_misp(const struct import *import, const json_t *object, const char *where) {
    struct misp row = {.status = STATUS_ACTIVE};
    char file[PATH_SIZE] = "", path[PATH_SIZE];
    const struct officer_json_member members[] = {
        {"id", OFFICER_JSON_TEXT, true, row.id, sizeof row.id},
        {"status", OFFICER_JSON_STATUS, false, &row.status, 0},
        {"commences", OFFICER_JSON_TIME, false, &row.commences_ms, 0},
        {"expires", OFFICER_JSON_TIME, false, &row.expires_ms, 0},
        {"licenseKeyFile", OFFICER_JSON_TEXT, true, file, sizeof file},
    };
    RESULT_TRY(OFFICER_JSON_READ(object, where, members));
    RESULT_TRY(resolve(import, file, where, path));
    return cmd_misp_send(import->link, &row, path);
}

static enum result put_jose(const struct import *import, const json_t *object, const char *id,
                            const char *where) {
    struct cmd_partner_jose jose = {0};
    char place[OFFICER_JSON_PLACE_SIZE + sizeof ".jose"], paths[3][PATH_SIZE];
    char names[3][PATH_SIZE] = {"", "", ""};
    const struct officer_json_member members[] = {
        {"tls", OFFICER_JSON_TEXT, true, names[0], PATH_SIZE},
        {"signature", OFFICER_JSON_TEXT, true, names[1], PATH_SIZE},
        {"encryption", OFFICER_JSON_TEXT, true, names[2], PATH_SIZE},
    };
    (void)snprintf(place, sizeof place, "%s.jose", where);
    RESULT_TRY(OFFICER_JSON_READ(object, place, members));
    for (size_t i = 0; i < 3; i++)
        RESULT_TRY(resolve(import, names[i], place, paths[i]));
    (void)snprintf(jose.id, sizeof jose.id, "%s", id);
    jose.tls_path = paths[0];
    jose.signature_path = paths[1];
    jose.encryption_path = paths[2];
    return cmd_partner_jose_send(import->link, &jose);
}

static enum result put_partner(const struct import *import, const json_t *object,
                               const char *where) {
    struct cmd_partner partner = {.status = STATUS_ACTIVE};
    struct api_key row = {.status = STATUS_ACTIVE};
    char certificate[PATH_SIZE] = "", key[PATH_SIZE] = "", path[PATH_SIZE];
    const json_t *jose = NULL;
    const struct officer_json_member members[] = {
        {"id", OFFICER_JSON_TEXT, true, partner.id, sizeof partner.id},
        {"name", OFFICER_JSON_TEXT, true, partner.name, sizeof partner.name},
        {"status", OFFICER_JSON_STATUS, false, &partner.status, 0},
        {"certificate", OFFICER_JSON_TEXT, true, certificate, sizeof certificate},
        {"apiKeyFile", OFFICER_JSON_TEXT, true, key, sizeof key},
        {"apiKeyExpires", OFFICER_JSON_TIME, false, &row.expires_ms, 0},
        {"policyId", OFFICER_JSON_TEXT, true, row.policy_id, sizeof row.policy_id},
        {"jose", OFFICER_JSON_OBJECT, false, &jose, 0},
    };
    RESULT_TRY(OFFICER_JSON_READ(object, where, members));
    memcpy(row.partner_id, partner.id, sizeof row.partner_id);
    RESULT_TRY(resolve(import, certificate, where, path));
    partner.certificate_path = path;
    RESULT_TRY(cmd_partner_send(import->link, &partner));
    RESULT_TRY(resolve(import, key, where, path));
    RESULT_TRY(cmd_api_key_send(import->link, &row, path));
    return jose == NULL ? RESULT_DONE : put_jose(import, jose, partner.id, where);
}

static enum result put_each(const struct import *import, const json_t *list, const char *name,
                            enum result (*put)(const struct import *, const json_t *,
                                               const char *)) {
    char place[OFFICER_JSON_PLACE_SIZE];
    for (size_t i = 0; i < json_array_size(list); i++) {
        officer_json_place(place, import->path, name, i);
        RESULT_TRY(put(import, json_array_get(list, i), place));
    }
    return RESULT_DONE;
}

/* In the order in which one needs the other. Each step may be repeated: so may the whole. */
static enum result put_all(const struct import *import, const json_t *root) {
    const json_t *misp = NULL, *policies = NULL, *partners = NULL, *trust = NULL;
    char place[OFFICER_JSON_PLACE_SIZE], policy_count[24], partner_count[24];
    const struct officer_json_member members[] = {
        {"trust", OFFICER_JSON_ARRAY, false, &trust, 0},
        {"policies", OFFICER_JSON_ARRAY, false, &policies, 0},
        {"misp", OFFICER_JSON_OBJECT, false, &misp, 0},
        {"partners", OFFICER_JSON_ARRAY, false, &partners, 0},
    };
    RESULT_TRY(OFFICER_JSON_READ(root, import->path, members));
    RESULT_TRY(put_each(import, trust, "trust", put_trust));
    RESULT_TRY(put_each(import, policies, "policies", put_policy));
    (void)snprintf(place, sizeof place, "%s: misp", import->path);
    if (misp != NULL)
        RESULT_TRY(put_misp(import, misp, place));
    RESULT_TRY(put_each(import, partners, "partners", put_partner));
    (void)snprintf(policy_count, sizeof policy_count, "%zu", json_array_size(policies));
    (void)snprintf(partner_count, sizeof partner_count, "%zu", json_array_size(partners));
    officer_text_print(stdout, TEXT_PROGRAMMES_DONE, policy_count, partner_count);
    return RESULT_DONE;
}

static enum result import_programmes(struct officer_link *link, const struct arguments *arguments) {
    struct import import = {.link = link, .path = arguments_get(arguments, "")};
    JSON_CLEANUP json_t *root = NULL;
    const char *slash = strrchr(import.path, '/');
    if (slash != NULL)
        (void)snprintf(import.folder, sizeof import.folder, "%.*s/", (int)(slash - import.path),
                       import.path);
    RESULT_TRY(officer_json_load(import.path, &root));
    return put_all(&import, root);
}

const struct command cmd_programmes_import = {
    .noun = "programmes",
    .verb = "import",
    .about = TEXT_ABOUT_PROGRAMMES_IMPORT,
    .example = "officer programmes import programmes.json",
    .arguments = {{"", "FILE.json", false}},
    .run = import_programmes,
};
