#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authd/plugin/match_plugin.h"

/*
 * A vendor's library at its worst. Its `settings` name the act: one of those below, which it does
 * where it says, and from extract on only to a record with the word ATTACK in it. To any other it
 * is harmless: an image is its own template, and alike is what is equal.
 */
#define ATTACK         "ATTACK"
#define SCORE_OF_EQUAL 5000u
#define SCORE_OF_PROOF 4242u /* the attempt was refused with an error, as it should be */
#define BLOCK_BYTES    (16u << 20)

/* What the call in which the act is done was given. */
struct moment {
    struct match_plugin_output *output;
    uint32_t *number; /* score or quality */
};

static int crash(const struct moment *moment) {
    (void)moment;
    raise(SIGSEGV);
    abort();
}

static int hang(const struct moment *moment) {
    (void)moment;
    for (;;)
        (void)usleep(1000);
    return MATCH_PLUGIN_OK;
}

static int spin(const struct moment *moment) {
    (void)moment;
    for (volatile unsigned turns = 0;; turns++)
        ;
    return MATCH_PLUGIN_OK;
}

static int open_file(const struct moment *moment) {
    errno = 0;
    int fd = open("/etc/passwd", O_RDONLY);
    bool refused = fd < 0 && errno == EACCES;
    *moment->number = refused ? SCORE_OF_PROOF : MATCH_PLUGIN_SCORE_MAX;
    return MATCH_PLUGIN_OK;
}

static int open_socket(const struct moment *moment) {
    (void)moment;
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? MATCH_PLUGIN_OK : MATCH_PLUGIN_FAILED;
}

static int make_process(const struct moment *moment) {
    (void)moment;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child > 0 ? MATCH_PLUGIN_OK : MATCH_PLUGIN_FAILED;
}

static int execute(const struct moment *moment) {
    char *arguments[] = {(char[]){"true"}, NULL};
    (void)moment;
    return execv("/bin/true", arguments);
}

static void *do_nothing(void *argument) {
    return argument;
}

static int make_thread(const struct moment *moment) {
    pthread_t thread;
    (void)moment;
    return pthread_create(&thread, NULL, do_nothing, NULL) == 0 ? MATCH_PLUGIN_OK
                                                                : MATCH_PLUGIN_FAILED;
}

static int load_code(const struct moment *moment) {
    (void)moment;
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return code != MAP_FAILED ? MATCH_PLUGIN_OK : MATCH_PLUGIN_FAILED;
}

static int kill_parent(const struct moment *moment) {
    (void)moment;
    return kill(getppid(), SIGKILL);
}

static int take_all_memory(const struct moment *moment) {
    (void)moment;
    for (;;) {
        uint8_t *block = malloc(BLOCK_BYTES);
        if (block == NULL)
            return MATCH_PLUGIN_FAILED;
        memset(block, 1, BLOCK_BYTES);
    }
}

static int leave_scale(const struct moment *moment) {
    *moment->number = MATCH_PLUGIN_SCORE_MAX + 1;
    return MATCH_PLUGIN_OK;
}

static int claim_too_much(const struct moment *moment) {
    moment->output->length = moment->output->capacity + 1;
    return MATCH_PLUGIN_OK;
}

static int claim_nothing(const struct moment *moment) {
    moment->output->length = 0;
    return MATCH_PLUGIN_OK;
}

static int write_behind(const struct moment *moment) {
    moment->output->data[moment->output->capacity] = 1;
    return MATCH_PLUGIN_OK;
}

static int write_before(const struct moment *moment) {
    moment->output->data[-1] = 1;
    return MATCH_PLUGIN_OK;
}

static int say_failed(const struct moment *moment) {
    (void)moment;
    return MATCH_PLUGIN_FAILED;
}

static int say_nonsense(const struct moment *moment) {
    (void)moment;
    return 4711;
}

/* As if it had been recycled, or had wrong settings. */
static int end_process(const struct moment *moment) {
    (void)moment;
    _exit(78);
}

static const struct act {
    const char *name;
    const char *where; /* init, extract, quality, compare */
    int (*do_it)(const struct moment *moment);
} acts[] = {
    {"crash-in-init", "init", crash},
    {"hang-in-init", "init", hang}, /* until authd finds that it is not ready in time */
    {"fork-in-init", "init", make_process},
    {"thread-in-init", "init", make_thread},
    {"fail-in-init", "init", say_failed},
    {"memory-in-init", "init", take_all_memory},
    {"crash-in-extract", "extract", crash},
    {"hang-in-extract", "extract", hang},
    {"claim-too-much", "extract", claim_too_much},
    {"claim-nothing", "extract", claim_nothing},
    {"write-behind", "extract", write_behind},
    {"write-before", "extract", write_before},
    {"memory-in-extract", "extract", take_all_memory},
    {"fail-in-extract", "extract", say_failed},
    {"quality-off-scale", "quality", leave_scale},
    {"fail-in-quality", "quality", say_failed},
    {"crash-in-compare", "compare", crash},
    {"hang-in-compare", "compare", hang},
    {"spin-in-compare", "compare", spin},
    {"open-file", "compare", open_file},
    {"open-socket", "compare", open_socket},
    {"fork", "compare", make_process},
    {"execute", "compare", execute},
    {"thread", "compare", make_thread},
    {"load-code", "compare", load_code},
    {"kill-parent", "compare", kill_parent},
    {"score-off-scale", "compare", leave_scale},
    {"fail-in-compare", "compare", say_failed},
    {"nonsense-in-compare", "compare", say_nonsense},
    {"end-in-compare", "compare", end_process},
};

static const struct act *act;
static char name[64];

static bool is_time(const char *where, const uint8_t *data, size_t length) {
    return act != NULL && strcmp(act->where, where) == 0 &&
           memmem(data, length, ATTACK, strlen(ATTACK)) != NULL;
}

static int hostile_init(const char *settings, size_t length, void **instance) {
    (void)length, (void)instance;
    snprintf(name, sizeof name, "%s", settings);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        if (strcmp(acts[i].name, settings) == 0)
            act = &acts[i];
    if (act != NULL && strcmp(act->where, "init") == 0)
        return act->do_it(NULL);
    return MATCH_PLUGIN_OK;
}

static int hostile_describe(void *instance, struct match_plugin_description *description) {
    (void)instance;
    *description = (struct match_plugin_description){
        .name = "hostile", .version = "1", .modalities = 1u << MATCH_PLUGIN_FINGER};
    if (strcmp(name, "name-without-end") == 0)
        memset(description->name, 'x', sizeof description->name);
    if (strcmp(name, "name-with-a-space") == 0)
        description->name[1] = ' ';
    if (strcmp(name, "no-modality") == 0)
        description->modalities = 0;
    if (strcmp(name, "fourth-modality") == 0)
        description->modalities = 8;
    return strcmp(name, "no-description") == 0 ? MATCH_PLUGIN_FAILED : MATCH_PLUGIN_OK;
}

static int hostile_extract(void *instance, const struct match_plugin_image *image,
                           struct match_plugin_output *output) {
    (void)instance;
    const struct moment moment = {.output = output};
    if (image->length > output->capacity)
        return MATCH_PLUGIN_NO_TEMPLATE;
    memcpy(output->data, image->data, image->length);
    output->length = image->length;
    return is_time("extract", image->data, image->length) ? act->do_it(&moment) : MATCH_PLUGIN_OK;
}

static int hostile_quality(void *instance, const struct match_plugin_image *image,
                           uint32_t *quality) {
    (void)instance;
    const struct moment moment = {.number = quality};
    *quality = 50;
    return is_time("quality", image->data, image->length) ? act->do_it(&moment) : MATCH_PLUGIN_OK;
}

static int hostile_compare(void *instance, const struct match_plugin_template *one,
                           const struct match_plugin_template *other, uint32_t *score) {
    (void)instance;
    const struct moment moment = {.number = score};
    bool equal = one->length == other->length && memcmp(one->data, other->data, one->length) == 0;
    *score = equal ? SCORE_OF_EQUAL : 0;
    return is_time("compare", one->data, one->length) ? act->do_it(&moment) : MATCH_PLUGIN_OK;
}

static void hostile_close(void *instance) {
    (void)instance;
}

const struct match_plugin match_plugin = {
    .abi_version = HOSTILE_ABI_VERSION,
    .table_bytes = HOSTILE_TABLE_BYTES,
    .init = hostile_init,
    .describe = hostile_describe,
    .extract = hostile_extract,
    .quality = hostile_quality,
    .compare = hostile_compare,
    .close = hostile_close,
};
