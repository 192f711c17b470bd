#include <curl/curl.h>
#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/driver.h"
#include "tests/bench/judge.h"
#include "tests/bench/report.h"
#include "tests/bench/samples.h"

#define SLICE_SECONDS 2.0

/* A run: its parts, in the order they are opened. */
struct run {
    struct options options;
    struct kit kit;
    json_t *published; /* the appliance's JWKS */
    struct cast *sample_cast;
    char folder[64], write_folder[768];
    struct floor_options floor_options;
    struct floor *floor;
    struct driver *driver;
    struct processes processes;
    cpu_set_t usual_cores;            /* of the appliance, before it was pinned */
    struct floor_parts before, after; /* the floor around a slice */
    unsigned floors;                  /* how often it was measured */
    struct report report;
};

static int remove_one(const char *path, const struct stat *status, int flag, struct FTW *level) {
    (void)status, (void)flag, (void)level;
    return remove(path);
}

static void on_signal(int number) {
    (void)number;
    driver_interrupt();
}

static unsigned port_of(const char *url) {
    const char *host = strstr(url, "://");
    const char *colon = host != NULL ? strrchr(host + 3, ':') : NULL;
    return colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 443;
}

/* Beside the outbox is the appliance's disk; who may not write there takes the temporary folder. */
static void choose_write_folder(struct run *run) {
    snprintf(run->write_folder, sizeof run->write_folder, "%s", run->kit.outbox);
    char *slash = strrchr(run->write_folder, '/');
    if (slash != NULL && slash != run->write_folder)
        *slash = '\0';
    if (access(run->write_folder, W_OK) != 0)
        snprintf(run->write_folder, sizeof run->write_folder, "%s", run->folder);
}

/* Before there are threads, for it forks. */
static enum err open_floor(struct run *run) {
    strcpy(run->folder, "/tmp/idcs-load-XXXXXX");
    if (mkdtemp(run->folder) == NULL)
        return ERR_SYSTEM;
    choose_write_folder(run);
    run->floor_options = (struct floor_options){.folder = run->folder,
                                                .write_folder = run->write_folder,
                                                .cores = &run->options.cores,
                                                .profile = run->options.profile,
                                                .connections = run->options.connections};
    bool jose = run->options.profile == PROFILE_JOSE;
    ERR_TRY(
        cast_open(&run->sample_cast, &run->kit, jose ? run->published : NULL, &run->options.mix));
    ERR_TRY(
        samples_make(run->floor_options.samples, &run->kit, &run->options.mix, run->sample_cast));
    return floor_open(&run->floor, &run->floor_options);
}

static enum err pin(struct run *run) {
    const struct cores *cores = &run->options.cores;
    if (!cores->given)
        return ERR_OK;
    CPU_ZERO(&run->usual_cores);
    if (run->report.has_cpu)
        (void)sched_getaffinity(run->processes.authd, sizeof run->usual_cores, &run->usual_cores);
    if (cores_pin_self(&cores->generator) == ERR_OK && run->report.has_cpu &&
        processes_pin(&run->processes, &cores->server) == ERR_OK)
        return ERR_OK;
    fprintf(stderr, "idcs-load: --cores: there are no such processors, or authd's processes cannot "
                    "be moved: run it as root on the appliance's machine\n");
    return ERR_SYSTEM;
}

static enum err open_run(struct run *run) {
    ERR_TRY(kit_open(run->options.kit, &run->kit));
    ERR_TRY(judge_fetch(&run->kit, &run->published));
    ERR_TRY(open_floor(run));
    run->report.has_cpu = processes_find(&run->processes, port_of(run->kit.base_url),
                                         run->options.pid_file) == ERR_OK &&
                          processes_look(&run->processes) == ERR_OK;
    ERR_TRY(pin(run));
    ERR_TRY(driver_open(&run->driver, &run->options, &run->kit, run->published));
    run->report.options = &run->options;
    run->report.tally = driver_tally(run->driver);
    run->report.people = driver_people(run->driver);
    run->report.programmes = driver_programmes(run->driver);
    return ERR_OK;
}

/* The appliance goes on with the processors it had; those that were started meanwhile too. */
static void unpin(struct run *run) {
    if (CPU_COUNT(&run->usual_cores) == 0)
        return;
    if (processes_look(&run->processes) != ERR_OK ||
        processes_pin(&run->processes, &run->usual_cores) != ERR_OK)
        fprintf(stderr, "idcs-load: --cores: the appliance stays where it was moved\n");
}

static void close_run(struct run *run) {
    unpin(run);
    driver_close(run->driver);
    floor_close(run->floor);
    samples_free(run->floor_options.samples);
    cast_close(run->sample_cast);
    json_decref(run->published);
    kit_close(&run->kit);
    if (run->folder[0] != '\0')
        (void)nftw(run->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The mean of all measurements so far, member by member: all are double. */
static void average(struct run *run) {
    double *mean = (double *)(void *)&run->report.parts;
    const double *last = (const double *)(const void *)&run->after;
    run->floors++;
    for (size_t i = 0; i < sizeof run->after / sizeof *mean; i++)
        mean[i] += (last[i] - mean[i]) / run->floors;
}

static enum err measure_floor(struct run *run) {
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        struct floor_sample *sample = &run->floor_options.samples[call];
        if (run->report.tally->answer_len[call] == 0)
            continue;
        sample->answer_len = run->report.tally->answer_len[call];
        sample->answer_signature_len = run->report.tally->signature_len[call];
    }
    run->before = run->after;
    ERR_TRY(floor_measure(run->floor, &run->after));
    average(run);
    return ERR_OK;
}

/* What the calls of this slice cost at least: by the floor before it and behind it. */
static double floor_of_slice(const struct run *run) {
    double floor_us = 0;
    for (unsigned call = 0; call < CALL_KINDS; call++) {
        double one = (floor_of_call(&run->before, run->options.profile, (enum call_kind)call) +
                      floor_of_call(&run->after, run->options.profile, (enum call_kind)call)) /
                     2;
        floor_us += one * (double)run->report.tally->answered[call];
    }
    return floor_us;
}

static void tell_progress(const struct run *run, unsigned number, unsigned count) {
    const struct report_slice *slice = &run->report.slices[number];
    if (count == 1)
        return;
    fprintf(stderr, "slice %u of %u: %lu people served, %lu answers wrong", number + 1, count,
            run->report.tally->served, run->report.tally->wrong);
    if (run->report.has_cpu && slice->floor_us > 0)
        fprintf(stderr, ", CPU to floor %.3f", slice->cpu_us / slice->floor_us);
    fputc('\n', stderr);
}

static enum err run_slice(struct run *run, double seconds) {
    struct report *report = &run->report;
    struct report_slice *slice = &report->slices[report->slice_count];
    int64_t cpu_before_ns = report->cpu.all_ns;
    double whole_seconds = 0;
    if (report->has_cpu)
        ERR_TRY(processes_look(&run->processes));
    ERR_TRY(driver_slice(run->driver, seconds, &whole_seconds));
    if (report->has_cpu)
        ERR_TRY(processes_look_again(&run->processes, &report->cpu));
    ERR_TRY(measure_floor(run));
    slice->cpu_us = (double)(report->cpu.all_ns - cpu_before_ns) / 1000;
    slice->floor_us = floor_of_slice(run);
    report->floor_us += slice->floor_us;
    report->seconds += seconds;
    report->whole_seconds += whole_seconds;
    report->slice_count++;
    return ERR_OK;
}

/* One wrong answer makes all that comes after it worthless. The load rests while the floor is
 * measured, before and after each slice: on a machine that others use, only what was measured
 * within a second or two can be compared. */
static enum err run_all(struct run *run) {
    double wanted = fmin(fmax(round(run->options.seconds / SLICE_SECONDS), 1), REPORT_SLICES_MAX);
    unsigned count = (unsigned)wanted;
    ERR_TRY(driver_warm_up(run->driver));
    if (run->report.tally->wrong > 0)
        return ERR_OK;
    ERR_TRY(measure_floor(run));
    for (unsigned i = 0; i < count && run->report.tally->wrong == 0; i++) {
        ERR_TRY(run_slice(run, run->options.seconds / count));
        tell_progress(run, i, count);
    }
    return ERR_OK;
}

static int tell(struct run *run, enum err result) {
    run->report.interrupted = result == ERR_CLOSED;
    if (result != ERR_OK && result != ERR_CLOSED) {
        fprintf(stderr, "idcs-load: the run has failed: %s\n", err_text(result));
        return 1;
    }
    report_print(&run->report);
    if (run->options.json != NULL && report_write_json(&run->report, run->options.json) != ERR_OK)
        return 1;
    return report_is_good(&run->report) ? 0 : 1;
}

int main(int argc, char **argv) {
    static struct run run;
    bool finished = false;
    int status = options_read(argc, argv, &run.options, &finished);
    if (finished)
        return status;
    const struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    enum err result = open_run(&run);
    if (result == ERR_OK)
        status = tell(&run, run_all(&run));
    close_run(&run);
    curl_global_cleanup();
    return result == ERR_OK ? status : 1;
}
