#pragma once

#include "firmware/base/err.h"
#include "firmware/base/secret.h"

/* A gateway or mail server: where it is and our name there. */
#define ENDPOINT_URL_SIZE    256
#define ENDPOINT_PATH_SIZE   256
#define ENDPOINT_PROBLEM_MAX 512

enum endpoint_kind { ENDPOINT_GATEWAY, ENDPOINT_MAIL };

struct curl_slist;
struct endpoint {
    enum endpoint_kind kind;
    unsigned number; /* for the log: of its setting */
    char url[ENDPOINT_URL_SIZE];
    struct curl_slist *resolve; /* the addresses of the host as they were at the start */
    struct secret user, password;
};

/* As the settings give it; empty paths: no credentials. */
struct endpoint_setting {
    enum endpoint_kind kind;
    unsigned number;
    const char *url, *user_file, *password_file;
};

struct endpoint_problem {
    char text[ENDPOINT_PROBLEM_MAX]; /* what is wrong and what to do, in one line */
};

/*
 * Judges the URL, looks the host up, and reads the credentials, each one line in a file that only
 * this user may read. All of it before confinement, which ends name service and files: a host that
 * moves is found again by a restart. ERR_CONFIG; ERR_UNAVAILABLE: the host has no address now.
 */
MUST_CHECK enum err endpoint_open(struct endpoint *endpoint, const struct endpoint_setting *setting,
                                  struct endpoint_problem *problem);
void endpoint_close(struct endpoint *endpoint);
