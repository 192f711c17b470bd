#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/serve.h"

/*
 * How authd starts a process, and what the two say to each other afterwards. The reader and the
 * writer of each message both live here. A process learns from it who it is, which peers it has and
 * its own settings; it never sees the configuration file.
 */
#define BOOT_PEERS_MAX     512 /* 16 lanes and 16 signers make 321 for the core */
#define BOOT_LISTENERS_MAX 32  /* two a lane */
#define BOOT_NAME_SIZE     24
#define BOOT_SETTINGS_MAX  8192
#define BOOT_CONTROL_FD    3 /* the control socket at exec */
#define BOOT_PULSE_FD      4 /* the pulse page */
#define BOOT_PEER_FD       5 /* peers and listeners, from here on */

#define BOOT_VERSION "0.1.0" /* of the product, what --version says */

/* States of the box. Each dispatch table says which state allows a message. */
enum box_state {
    BOX_UNPROVISIONED, /* no keys yet */
    BOX_LOCKED,        /* the token refused the PIN, or waits for it */
    BOX_OPERATIONAL,
    BOX_FAILED,      /* stored files are older than the last signed checkpoint: officers decide */
    BOX_MAINTENANCE, /* an officer closed the box */
    BOX_DEGRADED,    /* clock unsynchronised, or ledger without quorum: one-time checks refuse */
};
#define BOX_STATE_BIT(state) (1u << (state))
const char *box_state_text(enum box_state state); /* "operational"; "unknown" for anything else */

/* Exit codes of the processes, which authd acts on. */
enum boot_exit {
    BOOT_EXIT_CLEAN = 0,        /* asked to stop */
    BOOT_EXIT_FAILURE = 70,     /* restart, with back-off */
    BOOT_EXIT_PIN_REFUSED = 71, /* never restart: the box is locked */
    BOOT_EXIT_RECYCLE = 75,     /* restart at once: requests served, or keys changed */
    BOOT_EXIT_CONFIG = 78,      /* never restart: settings are wrong */
};

/* Messages on the control socket. */
enum boot_verb {
    BOOT_START = 2,         /* authd → process: the boot message */
    BOOT_READY = 3,         /* process → authd: confined and serving */
    BOOT_PEER_DOWN = 4,     /* authd → process: {role, index}: it died; its socket stays */
    BOOT_PEER_UP = 6,       /* authd → process: {role, index}: it, or its successor, is ready */
    BOOT_STATE = 8,         /* authd → process: {state} */
    BOOT_STOP = 10,         /* authd → process: end cleanly */
    BOOT_REPORT_STATE = 11, /* core → authd: {state} the core has derived */
    BOOT_REPORT_PEER =
        13, /* core, provd → authd: {role, index}: it broke the protocol, replace it */
};

/* Roles: "edge", "unseal", "plugin", "core", "hsm", "provd", "notify". */
struct boot_peer {
    char role[BOOT_NAME_SIZE];
    uint16_t index; /* the peer's index among its kind */
    uint16_t lane;  /* whose socket it is: the thread of edge or core; 0 for the sockets of provd */
    int fd;
};

struct boot {
    char process[BOOT_NAME_SIZE]; /* "authd-core" */
    uint16_t index;               /* 0-based among its kind */
    uint16_t count;               /* how many of its kind there are */
    struct boot_peer peers[BOOT_PEERS_MAX];
    size_t peer_count;
    /* edge: one a lane for the MOSIP profile; then, if there is a JOSE profile, one a lane too */
    int listeners[BOOT_LISTENERS_MAX];
    size_t listener_count;
    char settings[BOOT_SETTINGS_MAX]; /* this process's section of the configuration */
    size_t settings_len;
    bool as_root; /* authd was started as root: this process must not be */
    int control_fd;
    struct pulse *pulse; /* PULSE_SLOTS of them: one for each loop */
};

/*
 * The boot message. Descriptor numbers are those the process will have after exec. The reader
 * refuses (ERR_MALFORMED, ERR_TOO_LARGE, ERR_TRUNCATED) descriptors below BOOT_PEER_FD and double
 * ones, and leaves control_fd and pulse alone.
 */
#define BOOT_MESSAGE_MAX (BOOT_SETTINGS_MAX + BOOT_PEERS_MAX * (BOOT_NAME_SIZE + 12) + 256)
MUST_CHECK enum err boot_encode(const struct boot *boot, struct buffer *target);
MUST_CHECK enum err boot_decode(struct bytes payload, struct boot *boot);

/* The payloads of PEER_DOWN, PEER_UP and REPORT_PEER, and of STATE and REPORT_STATE. */
MUST_CHECK enum err boot_encode_peer(const char *role, uint16_t index, struct buffer *target);
MUST_CHECK enum err boot_decode_peer(struct bytes payload, char role[static BOOT_NAME_SIZE],
                                     uint16_t *index);
MUST_CHECK enum err boot_encode_state(enum box_state state, struct buffer *target);
MUST_CHECK enum err boot_decode_state(struct bytes payload, enum box_state *state);

/*
 * What every main of a child calls first. Answers --version, --help and --check (settings on
 * standard input are read and judged, nothing is started): *finished is then true, and the program
 * ends with boot_exit_code of what was returned; before that it may judge more of what --check has
 * left in boot->settings. Otherwise waits for the boot message on
 * BOOT_CONTROL_FD, maps the pulse page, opens the log, ignores SIGPIPE and closes every descriptor
 * that is not named in the message. Prints to stderr what is wrong; ERR_CONFIG, ERR_SYSTEM,
 * ERR_DENIED (still root).
 */
struct boot_program {
    const char *name;    /* "authd-edge" */
    const char *summary; /* one line for --help */
    const struct conf_key *keys;
    size_t key_count;
};
MUST_CHECK enum err boot_receive(int argc, char **argv, const struct boot_program *program,
                                 struct boot *boot, bool *finished);

/* What a main returns: CLEAN, CONFIG for ERR_CONFIG, PIN_REFUSED for ERR_PIN, else FAILURE. */
int boot_exit_code(enum err err);

/* The socket to peer ${index} of ${role} on ${lane}; -1 when there is none. */
int boot_peer_fd(const struct boot *boot, const char *role, uint16_t index, uint16_t lane);

/*
 * Adds the control socket to ${serve} and says READY. authd then tells the state of the box and,
 * for each peer that serves, PEER_UP; until then a process takes none of its peers for up. A peer
 * that broke the protocol (serve's ${lost}) and was reported is restarted: at its PEER_UP call
 * frame_discard on its socket, for what the bad one left there, and add it again. When authd itself
 * is gone the loop is stopped. A process has one control socket: a second call replaces the first.
 */
struct boot_control {
    void (*peer_down)(void *context, const char *role, uint16_t index);
    void (*peer_up)(void *context, const char *role, uint16_t index);
    void (*state)(void *context,
                  enum box_state state); /* after the loop's own state has been set */
    void (*stop)(void *context);         /* NULL: serve_stop */
    void *context;
};
MUST_CHECK enum err boot_ready(const struct boot *boot, struct serve *serve,
                               const struct boot_control *control);
/* core only: tells authd the state it has derived. */
MUST_CHECK enum err boot_report_state(struct serve *serve, enum box_state state);
/* core and provd only: asks authd to replace a peer that broke the protocol. */
MUST_CHECK enum err boot_report_peer(struct serve *serve, const char *role, uint16_t index);
