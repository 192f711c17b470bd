#pragma once

#include "tests/bench/cores.h"
#include "tests/bench/mix.h"

enum profile { PROFILE_MOSIP, PROFILE_JOSE };

/* The command line. */
struct options {
    enum profile profile;
    const char *kit, *json, *pid_file;
    char mix_text[128];
    struct mix mix;
    double seconds;
    double rate;          /* authentications a second; 0: closed loop */
    unsigned connections; /* calls in flight; in an open loop, at most */
    struct cores cores;
};

/* ${finished}: the program ends with the returned status. Says what is wrong. */
int options_read(int argc, char **argv, struct options *options, bool *finished);
