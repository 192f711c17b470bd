#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <p11-kit/pkcs11.h>

#include "firmware/base/clock.h"
#include "hsm/wire_keys.h"
#include "tests/lib/hsm_box.h"

#define PATIENCE_MS    60000 /* a run under sanitizers on a busy machine */
#define CORE_FD        BOOT_PEER_FD
#define PROVD_FD       (BOOT_PEER_FD + 1)
#define SILENCE_MS     1000
#define SOFTHSM_MODULE "/usr/lib/softhsm/libsofthsm2.so"
#define SLOTS_MAX      8
#define MECHANISMS_MAX 256
#define TPM_FEWER      10 /* an operation takes 5 ms there, as twenty on SoftHSM do */

extern char **environ;

const char *hsm_box_module(void) {
    const char *other = getenv("HSM_BOX_MODULE");
    return other != NULL ? other : SOFTHSM_MODULE;
}

bool hsm_box_is_softhsm(void) {
    return getenv("HSM_BOX_MODULE") == NULL;
}

struct token_options hsm_box_options(const char *module) {
    return (struct token_options){
        .module = module != NULL ? module : hsm_box_module(),
        .label = HSM_BOX_LABEL,
        .joint_uses = !hsm_box_is_softhsm(),
    };
}

/* What the module says it has. Asked by a child, as a module is as it is after one has asked it. */
static struct {
    CK_ULONG count;
    CK_MECHANISM_TYPE mechanisms[MECHANISMS_MAX];
} having;

static _Noreturn void tell_mechanisms(int to) {
    CK_FUNCTION_LIST *module;
    CK_C_GetFunctionList get_function_list = NULL;
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG slot_count = SLOTS_MAX;
    void *handle = dlopen(hsm_box_module(), RTLD_NOW);
    if (handle != NULL)
        *(void **)&get_function_list = dlsym(handle, "C_GetFunctionList");
    having.count = MECHANISMS_MAX;
    if (get_function_list == NULL || get_function_list(&module) != CKR_OK ||
        module->C_Initialize(NULL) != CKR_OK ||
        module->C_GetSlotList(CK_TRUE, slots, &slot_count) != CKR_OK || slot_count == 0 ||
        module->C_GetMechanismList(slots[0], having.mechanisms, &having.count) != CKR_OK)
        _exit(1);
    _exit(write(to, &having, sizeof having) == sizeof having ? 0 : 1);
}

static void learn_mechanisms(void) {
    int ends[2], status;
    if (having.count > 0)
        return;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        tell_mechanisms(ends[1]);
    assert_int_equal(close(ends[1]), 0); /* one that says nothing would be waited for for ever */
    assert_int_equal(read(ends[0], &having, sizeof having), sizeof having);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(close(ends[0]), 0);
}

bool hsm_box_has(unsigned long mechanism) {
    learn_mechanisms();
    for (CK_ULONG i = 0; i < having.count; i++)
        if (having.mechanisms[i] == mechanism)
            return true;
    return false;
}

uint32_t hsm_box_purposes(void) {
    static uint32_t purposes;
    if (purposes == 0)
        purposes = (HSM_PURPOSE_BIT(HSM_PURPOSE_COUNT) - 1) &
                   ~(hsm_box_has(CKM_ECDH1_DERIVE) ? 0 : HSM_PURPOSE_BIT(HSM_PURPOSE_REQUEST));
    return purposes;
}

unsigned hsm_box_purpose_count(void) {
    return (unsigned)__builtin_popcount(hsm_box_purposes());
}

unsigned hsm_box_times(unsigned times) {
    return hsm_box_is_softhsm() || times < TPM_FEWER ? times : times / TPM_FEWER;
}

static void write_file(const char *path, const char *text, mode_t mode) {
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static int give_one_away(const char *path, const struct stat *status, int flag, struct FTW *level) {
    (void)status, (void)flag, (void)level;
    return lchown(path, HSM_BOX_USER, HSM_BOX_USER);
}

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *level) {
    (void)status, (void)flag, (void)level;
    return remove(path);
}

void hsm_box_give_away(const struct hsm_box *box) {
    if (geteuid() == 0)
        assert_int_equal(nftw(box->directory, give_one_away, 16, FTW_PHYS), 0);
}

static int copy_one(const char *path, const struct stat *status, int flag, struct FTW *level) {
    char name[256];
    if (flag != FTW_F || level->level != 1)
        return 0;
    (void)snprintf(name, sizeof name, "%s/%s", getenv("TPM2_PKCS11_STORE"), path + level->base);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(from >= 0 && to >= 0);
    assert_int_equal(sendfile(to, from, NULL, (size_t)status->st_size), status->st_size);
    assert_int_equal(close(from) | close(to), 0);
    return 0;
}

static void copy_tpm_token(const struct hsm_box *box) {
    assert_int_equal(setenv("TPM2_PKCS11_STORE", box->token_directory, 1), 0);
    assert_int_equal(nftw(getenv("HSM_BOX_STORE"), copy_one, 16, FTW_PHYS), 0);
}

static void make_softhsm_token(const struct hsm_box *box) {
    char *arguments[] = {"softhsm2-util", "--init-token", "--free",   "--label",  HSM_BOX_LABEL,
                         "--pin",         HSM_BOX_PIN,    "--so-pin", "31415926", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status;
    assert_int_equal(setenv("SOFTHSM2_CONF", box->configuration, 1), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    assert_int_equal(posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void fill(struct hsm_box *box) {
    assert_int_equal(mkdir(box->token_directory, 0700), 0);
    assert_int_equal(mkdir(box->keyring_directory, 0700), 0);
    if (hsm_box_is_softhsm())
        make_softhsm_token(box);
    else
        copy_tpm_token(box);
    hsm_box_give_away(box);
}

static void *map(int fd, size_t size) {
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(mapped, MAP_FAILED);
    return mapped;
}

static void map_fault(struct hsm_box *box) {
    write_file(box->fault_file, "", 0666);
    int fd = open(box->fault_file, O_RDWR | O_CLOEXEC);
    box->fault = map(fd, sizeof *box->fault);
    assert_int_equal(close(fd), 0);
}

void hsm_box_break(const struct hsm_box *box, const struct hsm_fault *fault) {
    hsm_box_heal(box);
    atomic_store(&box->fault->function, fault->function);
    atomic_store(&box->fault->result, fault->result);
    atomic_store(&box->fault->skip, fault->skip);
    atomic_store(&box->fault->times, fault->times == 0 ? UINT_MAX : fault->times);
    atomic_store(&box->fault->kind, fault->kind);
}

void hsm_box_heal(const struct hsm_box *box) {
    atomic_store(&box->fault->kind, PKCS11_WELL);
    atomic_store(&box->fault->struck, 0);
}

unsigned hsm_box_struck(const struct hsm_box *box) {
    return atomic_load(&box->fault->struck);
}

/* Until it holds, but not for ever. */
static void look_until(bool (*holds)(const void *), const void *subject) {
    int64_t end_ms = clock_boot_ms() + PATIENCE_MS;
    while (!holds(subject)) {
        assert_true(clock_boot_ms() < end_ms);
        (void)poll(NULL, 0, 5);
    }
}

static bool has_struck(const void *box) {
    return hsm_box_struck(box) > 0;
}

void hsm_box_await_strike(const struct hsm_box *box) {
    look_until(has_struck, box);
}

const char *hsm_box_shim(const struct hsm_box *box) {
    (void)setenv("SHIM_MODULE", hsm_box_module(), 1);
    (void)setenv("SHIM_LOG", box->log_file, 1);
    (void)setenv("SHIM_PAGE", box->fault_file, 1);
    return PKCS11_SHIM;
}

void hsm_box_make(struct hsm_box *box) {
    char configuration[256];
    strcpy(box->directory, "/tmp/idcs-hsm-XXXXXX");
    assert_non_null(mkdtemp(box->directory));
    assert_int_equal(chmod(box->directory, 0755), 0);
    const struct {
        char *path;
        const char *name;
    } paths[] = {
        {box->token_directory, "token"},
        {box->keyring_directory, "keyring"},
        {box->configuration, "softhsm2.conf"},
        {box->pin_file, "pin"},
        {box->log_file, "log"},
        {box->fault_file, "fault"},
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        (void)snprintf(paths[i].path, sizeof box->pin_file, "%s/%s", box->directory, paths[i].name);
    (void)snprintf(configuration, sizeof configuration,
                   "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
                   box->token_directory);
    write_file(box->configuration, configuration, 0644);
    hsm_box_write_pin(box, HSM_BOX_PIN "\n", 0600);
    map_fault(box);
    fill(box);
    learn_mechanisms();
}

void hsm_box_remove(struct hsm_box *box) {
    (void)munmap(box->fault, sizeof *box->fault);
    (void)nftw(box->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void hsm_box_renew(struct hsm_box *box) {
    (void)nftw(box->token_directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)nftw(box->keyring_directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    (void)unlink(box->log_file);
    fill(box);
}

void hsm_box_write_pin(const struct hsm_box *box, const char *pin, mode_t mode) {
    write_file(box->pin_file, pin, mode);
    if (geteuid() == 0)
        assert_int_equal(chown(box->pin_file, HSM_BOX_USER, HSM_BOX_USER), 0);
}

unsigned hsm_box_count(const struct hsm_box *box, const char *word) {
    char line[128];
    unsigned count = 0;
    FILE *stream = fopen(box->log_file, "re");
    if (stream == NULL)
        return 0;
    while (fgets(line, sizeof line, stream) != NULL)
        count += strncmp(line, word, strlen(word)) == 0;
    (void)fclose(stream);
    return count;
}

static void make_pair(int *ours, int *theirs) {
    int ends[2];
    assert_int_equal(frame_pair(ends, 1 << 20), ERR_OK);
    *ours = ends[0];
    *theirs = ends[1];
}

/* In the child: puts the descriptors where the boot protocol wants them, and becomes the signer. */
static _Noreturn void become_signer(const struct hsm_box *box, const struct hsm_signer_plan *plan,
                                    const int descriptors[4]) {
    int moved[4];
    for (int i = 0; i < 4; i++)
        moved[i] = fcntl(descriptors[i], F_DUPFD, 64);
    for (int i = 0; i < 4; i++)
        if (dup2(moved[i], BOOT_CONTROL_FD + i) < 0)
            _exit(98);
    if (plan->fault != NULL) {
        (void)hsm_box_shim(box);
        if (plan->fault[0] != '\0')
            (void)setenv("SHIM_FAULT", plan->fault, 1);
    }
    if (geteuid() == 0 && (setgid(HSM_BOX_USER) != 0 || setuid(HSM_BOX_USER) != 0))
        _exit(98);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
    execl(HSM_SIGNER, "hsm-signer", (char *)NULL);
    _exit(98);
}

static void send_boot(const struct hsm_box *box, const struct hsm_signer_plan *plan,
                      const struct hsm_signer *signer) {
    static struct boot boot;
    static uint8_t memory[BOOT_MESSAGE_MAX];
    memset(&boot, 0, sizeof boot);
    strcpy(boot.process, "hsm-signer");
    boot.index = plan->index;
    boot.count = 2;
    boot.as_root = geteuid() == 0;
    boot.peers[0] = (struct boot_peer){.role = "core", .fd = CORE_FD};
    if (plan->role != NULL)
        strcpy(boot.peers[0].role, plan->role);
    boot.peers[1] = (struct boot_peer){.role = "provd", .fd = PROVD_FD};
    boot.peer_count = 2;
    int len = snprintf(
        boot.settings, sizeof boot.settings,
        "module = %s\ntoken-label = %s\npin-file = %s\nkeyring-directory = %s\n"
        "%s = %s\nkey-uses = %s\n%s",
        plan->fault != NULL ? PKCS11_SHIM : hsm_box_module(), HSM_BOX_LABEL, box->pin_file,
        box->keyring_directory, hsm_box_is_softhsm() ? "softhsm-conf" : "module-directory",
        hsm_box_is_softhsm() ? box->configuration : box->token_directory,
        hsm_box_is_softhsm() ? "single" : "joint", plan->settings != NULL ? plan->settings : "");
    boot.settings_len = (size_t)len;
    struct buffer target = buffer_over(memory, sizeof memory);
    struct frame frame = {.type = BOOT_START};
    assert_int_equal(boot_encode(&boot, &target), ERR_OK);
    assert_int_equal(buffer_end(&target, &frame.payload), ERR_OK);
    assert_int_equal(frame_send(signer->control, &frame, PATIENCE_MS), ERR_OK);
}

/* The ends that authd keeps: they outlive the signer, as what is queued in them does. */
static int kept_ends[2] = {-1, -1};

void hsm_signer_start(const struct hsm_box *box, const struct hsm_signer_plan *plan,
                      struct hsm_signer *signer) {
    int descriptors[4];
    int control, core = -1, provd = -1;
    make_pair(&control, &descriptors[0]);
    descriptors[1] = memfd_create("pulse", MFD_CLOEXEC);
    const struct pulse *pulse = map(descriptors[1], PULSE_SLOTS * sizeof *pulse);
    if (plan->heir_of != NULL) {
        core = plan->heir_of->core;
        provd = plan->heir_of->provd;
        descriptors[2] = kept_ends[0];
        descriptors[3] = kept_ends[1];
    } else {
        make_pair(&core, &descriptors[2]);
        make_pair(&provd, &descriptors[3]);
    }
    *signer = (struct hsm_signer){
        .control = control, .core = core, .provd = provd, .next_id = 1, .pulse = pulse};
    signer->process = fork();
    assert_true(signer->process >= 0);
    if (signer->process == 0)
        become_signer(box, plan, descriptors);
    (void)close(descriptors[0]);
    (void)close(descriptors[1]);
    for (int i = 0; i < 2 && plan->heir_of == NULL; i++) {
        if (kept_ends[i] >= 0 && plan->index == 0)
            (void)close(kept_ends[i]);
        if (plan->index == 0)
            kept_ends[i] = descriptors[2 + i];
        else
            (void)close(descriptors[2 + i]);
    }
    send_boot(box, plan, signer);
}

struct bytes hsm_signer_receive(struct hsm_signer *signer, int fd, uint16_t type) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    (void)signer;
    assert_int_equal(frame_receive(fd, memory, sizeof memory, &frame, PATIENCE_MS), ERR_OK);
    assert_int_equal(frame.type, type);
    return frame.payload;
}

static struct hsm_hello receive_hello(struct hsm_signer *signer, int fd) {
    struct hsm_hello hello;
    struct bytes payload = hsm_signer_receive(signer, fd, HSM_HELLO);
    assert_int_equal(hsm_wire_get_hello(payload, &hello), ERR_OK);
    return hello;
}

struct hsm_hello hsm_signer_greet(struct hsm_signer *signer) {
    (void)hsm_signer_receive(signer, signer->control, BOOT_READY);
    struct hsm_hello at_core = receive_hello(signer, signer->core);
    struct hsm_hello at_provd = receive_hello(signer, signer->provd);
    assert_memory_equal(&at_core, &at_provd, sizeof at_core);
    return at_core;
}

void hsm_signer_serve(const struct hsm_box *box, const struct hsm_signer_plan *plan,
                      struct hsm_signer *signer) {
    hsm_signer_start(box, plan, signer);
    assert_true(hsm_signer_greet(signer).provisioned);
}

int hsm_signer_wait(struct hsm_signer *signer) {
    int status;
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, signer->process, 0), .events = POLLIN};
    assert_true(end.fd >= 0);
    assert_int_equal(poll(&end, 1, PATIENCE_MS), 1);
    assert_int_equal(close(end.fd), 0);
    assert_int_equal(waitpid(signer->process, &status, 0), signer->process);
    signer->process = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void hsm_signer_stop(struct hsm_signer *signer) {
    struct frame stop = {.type = BOOT_STOP};
    if (signer->process > 0) {
        if (frame_send(signer->control, &stop, 0) != ERR_OK)
            (void)kill(signer->process, SIGKILL);
        assert_int_equal(hsm_signer_wait(signer), BOOT_EXIT_CLEAN);
    }
    (void)munmap((void *)(uintptr_t)signer->pulse, PULSE_SLOTS * sizeof *signer->pulse);
    (void)close(signer->control);
    (void)close(signer->core);
    (void)close(signer->provd);
}

static bool is_silent(const void *pulse) {
    const struct pulse *slot = pulse;
    int64_t now_ms = clock_boot_ms();
    return atomic_load(&slot->beat_ms) < now_ms - SILENCE_MS &&
           atomic_load(&slot->silent_until_ms) < now_ms;
}

void hsm_signer_kill_when_silent(struct hsm_signer *signer) {
    look_until(is_silent, signer->pulse);
    assert_int_equal(kill(signer->process, SIGKILL), 0);
    assert_int_equal(hsm_signer_wait(signer), -SIGKILL);
}

void hsm_signer_set_state(struct hsm_signer *signer, enum box_state state) {
    uint8_t payload[4];
    struct buffer target = buffer_over(payload, sizeof payload);
    struct frame frame = {.type = BOOT_STATE};
    assert_int_equal(boot_encode_state(state, &target), ERR_OK);
    assert_int_equal(buffer_end(&target, &frame.payload), ERR_OK);
    assert_int_equal(frame_send(signer->control, &frame, PATIENCE_MS), ERR_OK);
}

void hsm_signer_send(struct hsm_signer *signer, int fd, uint16_t type, struct bytes payload) {
    struct frame frame = {.type = type, .id = signer->next_id++, .payload = payload};
    assert_int_equal(frame_send(fd, &frame, PATIENCE_MS), ERR_OK);
}

struct bytes hsm_signer_ask(struct hsm_signer *signer, int fd, uint16_t type,
                            struct bytes payload) {
    hsm_signer_send(signer, fd, type, payload);
    return hsm_signer_receive(signer, fd, (uint16_t)(type + 1));
}

struct bytes hsm_signer_all_keys(void) {
    static uint8_t memory[8];
    const struct hsm_keys_question question = {0};
    struct buffer target = buffer_over(memory, sizeof memory);
    hsm_wire_put_keys_question(&target, &question);
    return bytes_of(memory, target.len);
}

struct bytes hsm_signer_ask_past_hello(struct hsm_signer *signer, int fd, uint16_t type,
                                       struct bytes payload) {
    static uint8_t memory[FRAME_MAX_BYTES];
    struct frame frame;
    hsm_signer_send(signer, fd, type, payload);
    do
        assert_int_equal(frame_receive(fd, memory, sizeof memory, &frame, PATIENCE_MS), ERR_OK);
    while (frame.type == HSM_HELLO);
    assert_int_equal(frame.type, type + 1);
    return frame.payload;
}

struct hsm_key_ordered hsm_signer_order(struct hsm_signer *signer,
                                        const struct hsm_key_order *order) {
    uint8_t memory[16];
    struct buffer target = buffer_over(memory, sizeof memory);
    struct hsm_key_ordered answer;
    hsm_wire_put_key_order(&target, order);
    struct bytes payload = hsm_signer_ask_past_hello(signer, signer->provd, HSM_KEY_ORDER,
                                                     hsm_signer_payload(&target));
    assert_int_equal(hsm_wire_get_key_ordered(payload, &answer), ERR_OK);
    return answer;
}

struct bytes hsm_signer_payload(const struct buffer *written) {
    struct bytes payload;
    assert_int_equal(buffer_end(written, &payload), ERR_OK);
    return payload;
}

void hsm_signer_make_keys(const struct hsm_box *box, const struct hsm_signer_plan *plan) {
    struct hsm_signer signer;
    struct hsm_generated answer;
    hsm_signer_start(box, plan, &signer);
    assert_false(hsm_signer_greet(&signer).provisioned);
    struct bytes payload = hsm_signer_ask(&signer, signer.provd, HSM_GENERATE, bytes_of(NULL, 0));
    assert_int_equal(hsm_wire_get_generated(payload, &answer), ERR_OK);
    assert_int_equal(answer.receipt.status, ERR_OK);
    assert_int_equal(answer.made, hsm_box_purpose_count());
    assert_int_equal(hsm_signer_wait(&signer), BOOT_EXIT_RECYCLE);
    hsm_signer_stop(&signer);
}

void hsm_signer_provision(const struct hsm_box *box, struct hsm_signer *signer) {
    const struct hsm_signer_plan plan = {.index = 0};
    hsm_signer_make_keys(box, &plan);
    hsm_signer_start(box, &plan, signer);
    assert_true(hsm_signer_greet(signer).provisioned);
}
