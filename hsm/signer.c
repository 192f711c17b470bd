#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <sodium.h>

#include "firmware/base/boot.h"
#include "firmware/base/clock.h"
#include "firmware/base/conf.h"
#include "firmware/base/confine.h"
#include "firmware/base/log.h"
#include "hsm/answers.h"
#include "hsm/answers_certify.h"
#include "hsm/locked_memory.h"
#include "hsm/pin.h"
#include "hsm/softhsm.h"
#include "hsm/tls_names.h"

#define PATH_SIZE        256
#define NAMES_SIZE       1024
#define ARENA_BYTES      65536
#define FILE_BYTES_MAX   (64u * 1024u * 1024u) /* the keyring; object files are small */
#define DESCRIPTORS      1024
#define PKCS11_LABEL_MAX 33
#define QUEUE_BYTES      (512u * STATEMENT_BODY_MAX) /* answers to all requests of a lane of core */

struct settings {
    char module[PATH_SIZE];
    char token_label[PKCS11_LABEL_MAX];
    char pin_file[PATH_SIZE];
    char keyring_directory[PATH_SIZE];
    char softhsm_conf[PATH_SIZE];
    char module_directory[PATH_SIZE];
    char key_uses[8];
    char issuer[RESULT_ISSUER_SIZE];
    int64_t lookups_a_second;
    int64_t statements_a_second;
    char tls_names[NAMES_SIZE];
    char tls_key_type[8];
    int64_t handshakes_a_second;
    int64_t certificates_a_minute;
    struct rollover_settings life;
};

#define TEXT(member)                                                                               \
    CONF_TEXT, offsetof(struct settings, member), sizeof((struct settings *)0)->member
#define NUMBER(member) CONF_NUMBER, offsetof(struct settings, member), 0

static const struct conf_key keys[] = {
    {"module", TEXT(module), 0, 0, "/usr/lib/softhsm/libsofthsm2.so", "PKCS#11 library"},
    {"token-label", TEXT(token_label), 0, 0, "idcs", "label of the token"},
    {"pin-file", TEXT(pin_file), 0, 0, "/var/lib/idcs/hsm/pin",
     "file with the user PIN, mode 0600"},
    {"keyring-directory", TEXT(keyring_directory), 0, 0, "/var/lib/idcs/keyring",
     "directory of what is known of the keys"},
    {"softhsm-conf", TEXT(softhsm_conf), 0, 0, "", "SoftHSM's configuration, for SOFTHSM2_CONF"},
    {"module-directory", TEXT(module_directory), 0, 0, "",
     "folder that another module than SoftHSM reads and writes"},
    {"key-uses", TEXT(key_uses), 0, 0, "single",
     "single, or joint: accept a module whose RSA keys both sign and decrypt, as a TPM's do"},
    {"issuer", TEXT(issuer), 0, 0, "", "iss of the results it signs; empty: it signs none"},
    {"lookups-a-second", NUMBER(lookups_a_second), 1, 10000000, "20000",
     "ceiling of lookup keys, each signer"},
    {"statements-a-second", NUMBER(statements_a_second), 1, 1000000, "5000",
     "ceiling of signed answers, each signer"},
    {"tls-names", TEXT(tls_names), 0, 0, "",
     "host names and IP addresses in the box's TLS certificate, with commas between"},
    {"tls-key-type", TEXT(tls_key_type), 0, 0, "p256", "of the next TLS key: p256 or rsa"},
    {"handshakes-a-second", NUMBER(handshakes_a_second), 1, 1000000, "2000",
     "ceiling of signatures for TLS handshakes, each signer"},
    {"certificates-a-minute", NUMBER(certificates_a_minute), 1, 1000000, "60",
     "ceiling of certificates for programmes and devices"},
    ROLLOVER_SETTINGS(offsetof(struct settings, life)),
};

static const struct boot_program program = {
    .name = "hsm-signer",
    .summary = "uses the keys of the HSM for the other processes of the box",
    .keys = keys,
    .key_count = sizeof keys / sizeof *keys,
};

/* All of the process, for its whole life: it ends by _exit. */
static struct {
    struct boot boot;
    struct settings settings;
    char token_directory[PATH_SIZE];
    struct rollover_policy policy;
    struct answers answers;
    struct serve_peer *peers[BOOT_PEERS_MAX]; /* as in boot.peers; NULL: none of ours */
} signer;

static enum err judge_choices(struct conf_problem *problem) {
    const struct settings *settings = &signer.settings;
    bool rsa = strcmp(settings->tls_key_type, "rsa") == 0;
    if (settings->tls_names[0] != '\0' && tls_names_check(settings->tls_names) != ERR_OK) {
        (void)snprintf(problem->text, sizeof problem->text,
                       "tls-names: give at most %d host names or IP addresses, with commas between",
                       TLS_NAMES_MAX);
        return ERR_CONFIG;
    }
    if (strcmp(settings->key_uses, "single") != 0 && strcmp(settings->key_uses, "joint") != 0) {
        (void)snprintf(problem->text, sizeof problem->text, "key-uses: give single or joint");
        return ERR_CONFIG;
    }
    if (!rsa && strcmp(settings->tls_key_type, "p256") != 0) {
        (void)snprintf(problem->text, sizeof problem->text, "tls-key-type: give p256 or rsa");
        return ERR_CONFIG;
    }
    signer.answers.generate.plan.tls_names = settings->tls_names;
    signer.answers.generate.plan.tls_rsa = rsa;
    return ERR_OK;
}

static enum err read_settings(void) {
    struct conf_problem problem = {0};
    enum err err = conf_parse(bytes_of(signer.boot.settings, signer.boot.settings_len), keys,
                              sizeof keys / sizeof *keys, &signer.settings, &problem);
    if (err == ERR_OK)
        err = judge_choices(&problem);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "settings-refused", "problem=\"%s\"", problem.text);
    return err;
}

/*
 * Content keys and the module's own copies pass through ordinary memory: that is kept out of swap
 * as far as the limit allows. (The arena is locked in any case, or the process does not start.)
 */
static void lock_memory(void) {
    struct rlimit limit;
    bool unlimited = getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY;
    if (!unlimited || mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
        log_event(LOG_INFO, "memory-may-swap", "give the signer an unlimited RLIMIT_MEMLOCK");
}

static enum err report(const char *step, enum err err) {
    if (err != ERR_OK)
        log_event(LOG_ERROR, "start-failed", "step=%s reason=%s", step, err_text(err));
    return err;
}

/* The PIN is in memory only while this runs. */
static enum err open_token(struct token **token, const char *serial) {
    SECRET(pin);
    struct token_options options = {
        .module = signer.settings.module,
        .label = signer.settings.token_label,
        .serial = serial,
        .joint_uses = strcmp(signer.settings.key_uses, "joint") == 0,
    };
    ERR_TRY(report("pin", pin_read(signer.settings.pin_file, &pin)));
    return report("token", token_open(token, &options, &pin));
}

/* The first signer keeps the keyring, and makes the keys that are to follow; not on a full disk. */
static enum err open_rollover(struct answers *answers) {
    const struct rollover_plan plan = {
        .keyring = answers->keyring,
        .token = answers->token,
        .policy = &signer.policy,
        .generate = &answers->generate.plan,
        .usage = &answers->usage,
    };
    rollover_policy_make(&signer.settings.life, &signer.policy);
    enum err err = rollover_open(&answers->rollover, &plan);
    if (err != ERR_SYSTEM)
        return err;
    log_event(LOG_ERROR, "keys-do-not-roll", "advice=make-room-on-the-keyring-s-disk");
    return ERR_OK; /* with what was promised before, and without changes */
}

#define TURN_PATIENCE_MS 10000 /* of a start, while another signer makes a key */

static enum err list_keys(struct answers *answers) {
    struct token_turn *turns = token_turns(answers->token);
    if (token_turn_begin(turns, TOKEN_TURN_LIST, TURN_PATIENCE_MS) != ERR_OK)
        log_event(LOG_WARNING, "keys-made-meanwhile", "advice=none-it-may-start-anew");
    enum err err = report("keys", keyset_renew(&answers->keys, answers->keyring, answers->token));
    if (err == ERR_OK)
        err = report("token", keyset_report_strangers(answers->keyring, answers->token));
    token_turn_end(turns);
    return err;
}

/* Everything that opens files or loads code. */
static enum err load(void) {
    char serial[TOKEN_SERIAL_SIZE];
    bool writer = signer.boot.index == 0;
    struct answers *answers = &signer.answers;
    ERR_TRY(report("memory", locked_memory_open())); /* tls-names are judged by OpenSSL */
    ERR_TRY(read_settings());
    ERR_TRY(report("arena", secret_arena_open(ARENA_BYTES)));
    ERR_TRY(
        report("softhsm-conf", softhsm_prepare(signer.settings.softhsm_conf, signer.token_directory,
                                               sizeof signer.token_directory)));
    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
                                OPENSSL_INIT_ADD_ALL_DIGESTS,
                            NULL) != 1)
        return report("openssl", ERR_SYSTEM);
    ERR_TRY(report("keyring",
                   keyring_open(&answers->keyring, signer.settings.keyring_directory, writer)));
    ERR_TRY(report("keyring", keyring_serial(answers->keyring, serial)));
    ERR_TRY(open_token(&answers->token, serial));
    ERR_TRY(report(
        "turns", token_turn_open(token_turns(answers->token), signer.settings.keyring_directory)));
    if (writer)
        ERR_TRY(report("rollover", open_rollover(answers)));
    ERR_TRY(list_keys(answers));
    answers->generate.plan.purposes = answers->keys->able;
    return ERR_OK;
}

static enum err confine(void) {
    const struct confine_path paths[] = {
        {signer.token_directory, CONFINE_READ | CONFINE_WRITE},
        {signer.settings.module_directory, CONFINE_READ | CONFINE_WRITE},
    };
    struct confine_plan plan = {
        .process = program.name,
        .paths = paths,
        .path_count = sizeof paths / sizeof *paths,
        .network = CONFINE_NO_NETWORK,
        .files = true,
        .file_bytes = FILE_BYTES_MAX,
        .descriptors = DESCRIPTORS,
    };
    return report("confine", confine_enter(&plan));
}

/* A peer that is gone, or broke the protocol: this process starts afresh. */
static void lost_peer(void *context, struct serve_peer *peer, enum err reason) {
    (void)peer;
    struct answers *answers = context;
    log_event(LOG_ERROR, "peer-lost", "reason=%s", err_text(reason));
    answers->failure = ERR_CLOSED;
    serve_stop(answers->serve);
}

static enum err add_peer(const struct boot_peer *peer, struct serve_peer **added) {
    struct serve_peer_options options = {
        .name = peer->role,
        .lost = lost_peer,
        .context = &signer.answers,
        .queue_bytes = QUEUE_BYTES,
    };
    ERR_TRY(answers_verbs(peer->role, signer.boot.index, &options.verbs, &options.verb_count));
    ERR_TRY(serve_add_peer(signer.answers.serve, peer->fd, &options, added));
    bool is_edge = strcmp(peer->role, "edge") == 0;
    return is_edge ? quiet_add(&signer.answers.quiet, *added) : ERR_OK;
}

static enum err add_peers(void) {
    for (size_t i = 0; i < signer.boot.peer_count; i++)
        ERR_TRY(report("peers", add_peer(&signer.boot.peers[i], &signer.peers[i])));
    return ERR_OK;
}

static enum err greet_all(void) {
    for (size_t i = 0; i < signer.boot.peer_count; i++)
        ERR_TRY(report("hello", answers_hello(&signer.answers, signer.peers[i])));
    return ERR_OK;
}

/* A successor has not seen the HELLO of this process's start. */
static void peer_up(void *context, const char *role, uint16_t index) {
    (void)context;
    for (size_t i = 0; i < signer.boot.peer_count; i++) {
        const struct boot_peer *peer = &signer.boot.peers[i];
        if (peer->index != index || strcmp(peer->role, role) != 0)
            continue;
        if (answers_hello(&signer.answers, signer.peers[i]) != ERR_OK)
            log_event(LOG_WARNING, "hello-not-sent", "role=%s index=%u", peer->role, index);
    }
}

static void take_state(void *context, enum box_state state) {
    struct answers *answers = context;
    answers->state = state;
}

static enum err start(void) {
    struct answers *answers = &signer.answers;
    ERR_TRY(load());
    answers->peers = signer.peers;
    answers->peer_count = signer.boot.peer_count;
    answers->issuer = signer.settings.issuer;
    answers->signer_index = signer.boot.index;
    answers->lookups = rate_of(signer.settings.lookups_a_second, clock_boot_ns());
    answers->statements = rate_of(signer.settings.statements_a_second, clock_boot_ns());
    answers->handshakes = rate_of(signer.settings.handshakes_a_second, clock_boot_ns());
    answers->certificates = answers_certify_rate(signer.settings.certificates_a_minute);
    randombytes_buf(answers->process_id, sizeof answers->process_id);
    ERR_TRY(report("loop", serve_open(&answers->serve, signer.boot.pulse)));
    ERR_TRY(add_peers());
    serve_on_turn(answers->serve, answers_turn, answers);
    lock_memory();
    ERR_TRY(confine());
    ERR_TRY(greet_all());
    struct boot_control control = {.peer_up = peer_up, .state = take_state, .context = answers};
    return report("ready", boot_ready(&signer.boot, answers->serve, &control));
}

/* For the log: whether it signs results of the JOSE profile. */
static const char *results_text(void) {
    if (signer.answers.keys->token == NULL)
        return "no-key";
    return signer.settings.issuer[0] == '\0' ? "no-issuer" : "yes";
}

/* However it ends: what is waited for goes on from here in the next process. */
static void keep_clock(struct rollover *rollover) {
    enum err err = rollover_keep_clock(rollover, rollover_now(rollover));
    if (err != ERR_OK)
        log_event(LOG_ERROR, "clock-not-stored", "reason=%s", err_text(err));
}

static int serve(void) {
    struct answers *answers = &signer.answers;
    log_event(LOG_INFO, "serving", "provisioned=%s results=%s",
              signer.answers.keys->provisioned ? "yes" : "no", results_text());
    if (answers->keys->provisioned && !answers->keys->complete)
        log_event(LOG_WARNING, "keys-missing", "ask for them: officer key initialise");
    enum err err = serve_run(answers->serve);
    if (answers->failure != ERR_OK)
        err = answers->failure;
    if (answers->rollover != NULL)
        keep_clock(answers->rollover);
    if (err != ERR_OK)
        log_event(LOG_ERROR, "signer-ends", "reason=%s", err_text(err));
    if (err == ERR_OK && answers->recycle)
        return BOOT_EXIT_RECYCLE;
    return boot_exit_code(err);
}

/*
 * It ends by _exit: there is nothing to put in order, and tidying up a PKCS#11 module that has
 * failed is how processes hang.
 */
int main(int argc, char **argv) {
    bool finished = false;
    enum err err = boot_receive(argc, argv, &program, &signer.boot, &finished);
    if (err != ERR_OK || finished)
        return boot_exit_code(err);
    err = start();
    _exit(err == ERR_OK ? serve() : boot_exit_code(err));
}
