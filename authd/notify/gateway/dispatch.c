#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <sodium.h>

#include "authd/notify/gateway/dispatch.h"
#include "authd/notify/gateway/letter.h"
#include "firmware/base/clock.h"
#include "firmware/base/log.h"

#define CHANNELS       2
#define NAMES_MAX      65536 /* that ceilings are kept for at once */
#define REPORTS_MAX    16384
#define PROBE_EVERY_MS 250

struct job;

/* A message on its way through one channel. */
struct part {
    struct route_attempt attempt;
    struct job *job;
    enum endpoint_kind kind;
    struct letter letter;
    struct secret request; /* what libcurl reads from */
    struct route *route;   /* of the attempt under way */
    unsigned tried;        /* routes, as bits */
};

/* A message of the core, by all its channels. */
struct job {
    LIST_ENTRY(job) next;
    struct dispatch *dispatch;
    struct core_link_question question; /* core NULL: nobody waits, or has been answered */
    struct part parts[CHANNELS];
    size_t open;     /* parts that are not at their end */
    int64_t ends_ms; /* of CLOCK_BOOTTIME: later it is of no use */
};

struct dispatch {
    struct dispatch_options options;
    struct routes routes;
    struct ceiling *ceiling;
    struct report_table *reports;
    LIST_HEAD(, job) jobs;
};

static enum err open_parts(struct dispatch *dispatch) {
    const struct dispatch_options *options = &dispatch->options;
    dispatch->routes.policy = settings_health(options->settings);
    dispatch->routes.in_flight = options->settings->in_flight;
    for (size_t i = 0; i < options->endpoint_count; i++)
        ERR_TRY(route_add(&dispatch->routes, &options->endpoints[i]));
    ERR_TRY(ceiling_open(&dispatch->ceiling, NAMES_MAX));
    return report_table_open(&dispatch->reports, REPORTS_MAX);
}

enum err dispatch_open(struct dispatch **dispatch, const struct dispatch_options *options) {
    *dispatch = NULL;
    struct dispatch *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->options = *options;
    enum err err = open_parts(made);
    if (err == ERR_OK)
        *dispatch = made;
    else
        dispatch_close(made);
    return err;
}

static void free_job(struct job *job) {
    for (size_t i = 0; i < CHANNELS; i++) {
        letter_free(&job->parts[i].letter);
        secret_free(&job->parts[i].request);
    }
    LIST_REMOVE(job, next);
    free(job);
}

void dispatch_close(struct dispatch *dispatch) {
    if (dispatch == NULL)
        return;
    while (!LIST_EMPTY(&dispatch->jobs))
        free_job(LIST_FIRST(&dispatch->jobs));
    ceiling_close(dispatch->ceiling);
    report_table_close(dispatch->reports);
    free(dispatch);
}

static void answer(struct job *job, bool delivered) {
    if (job->question.core == NULL)
        return;
    /* A core that takes no answer is lost, and the loop ends on its own. */
    if (core_link_answer(&job->question, delivered) != ERR_OK)
        log_event(LOG_ERROR, "answer-not-sent", "delivered=%d", delivered);
    job->question.core = NULL;
}

/* The end of a part; of the whole when it was the last. */
static void end_part(struct part *part, bool delivered, const char *why) {
    struct job *job = part->job;
    if (delivered)
        answer(job, true);
    else
        log_event(LOG_WARNING, "message-given-up", "channel=%s why=%s", route_channel(part->kind),
                  why);
    letter_free(&part->letter);
    if (--job->open > 0)
        return;
    answer(job, false);
    free_job(job);
}

static void attempt_done(void *context, const struct attempt_facts *facts);

static enum err write_request(struct part *part, struct transfer_request *transfer,
                              struct letter_request *request) {
    struct dispatch *dispatch = part->job->dispatch;
    const struct settings *settings = dispatch->options.settings;
    const struct endpoint *endpoint = part->route->endpoint;
    struct letter_route route = {.endpoint = endpoint, .settings = settings};
    int64_t now_ms = clock_boot_ms();
    if (part->kind == ENDPOINT_GATEWAY && settings->report_listen[0] != '\0')
        route.report_id = report_table_add(dispatch->reports, endpoint->number, now_ms);
    route.left_ms = part->job->ends_ms - now_ms;
    if (route.left_ms <= 0)
        return ERR_EXPIRED;
    ERR_TRY(letter_write(&part->letter, &route, &part->request, request));
    *transfer = (struct transfer_request){
        .endpoint = endpoint,
        .headers = request->headers,
        .header_count = request->header_count,
        .from = settings->smtp_from,
        .to = letter_address(&part->letter),
        .body = request->body,
        .timeout_ms = route.left_ms < settings->answer_timeout_ms ? route.left_ms
                                                                  : settings->answer_timeout_ms,
        .done = attempt_done,
        .context = part,
    };
    return ERR_OK;
}

/* ERR_UNAVAILABLE: no gateway is left to try. */
static enum err attempt(struct part *part) {
    struct dispatch *dispatch = part->job->dispatch;
    struct letter_request request;
    struct transfer_request transfer;
    int64_t now_ms = clock_boot_ms();
    part->route = route_choose(&dispatch->routes, part->kind, part->tried, now_ms);
    if (part->route == NULL)
        return ERR_UNAVAILABLE;
    part->tried |= route_bit(part->route);
    ERR_TRY(write_request(part, &transfer, &request));
    ERR_TRY(transfer_start(dispatch->options.transfers, &transfer));
    route_sent(part->route, &part->attempt, now_ms);
    return ERR_OK;
}

static void attempt_done(void *context, const struct attempt_facts *facts) {
    struct part *part = context;
    struct route *route = part->route;
    enum attempt_outcome outcome = attempt_judge(facts);
    secret_free(&part->request);
    route_answered(route, &part->attempt, outcome, clock_boot_ms());
    if (outcome == ATTEMPT_ACCEPTED) {
        end_part(part, true, "");
        return;
    }
    log_event(LOG_WARNING, "attempt-failed", "channel=%s number=%u outcome=%s status=%ld",
              route_channel(part->kind), route->endpoint->number, attempt_text(outcome),
              facts->status);
    enum err err = ERR_DENIED;
    if (attempt_may_be_repeated(outcome))
        err = attempt(part);
    if (err != ERR_OK) {
        secret_free(&part->request);
        end_part(part, false, err == ERR_DENIED ? attempt_text(outcome) : err_text(err));
    }
}

/* What is common to the messages of the core. */
struct errand {
    const struct letter_message *message;
    bool wanted[CHANNELS];
    const char *addresses[CHANNELS];
    enum ceiling_kind address_kind, programme_kind;
    int64_t left_ms;
};
static const enum endpoint_kind channel_kinds[CHANNELS] = {ENDPOINT_GATEWAY, ENDPOINT_MAIL};

static enum err take_ceilings(struct dispatch *dispatch, const struct errand *errand,
                              const char *address) {
    const struct settings *settings = dispatch->options.settings;
    int64_t now_ms = clock_boot_ms();
    ERR_TRY(
        ceiling_take(dispatch->ceiling, errand->address_kind, address, &settings->address, now_ms));
    return ceiling_take(dispatch->ceiling, errand->programme_kind,
                        errand->message->values.programme, &settings->programme, now_ms);
}

static enum err begin_part(struct part *part, const struct errand *errand, size_t channel) {
    const char *address = errand->addresses[channel];
    part->kind = channel_kinds[channel];
    ERR_TRY(take_ceilings(part->job->dispatch, errand, address));
    ERR_TRY(letter_compose(&part->letter, part->kind, address, errand->message));
    return attempt(part);
}

/*
 * The job is at its end, and freed, when each of its parts has come to its own: one more is held
 * open until all have begun.
 */
static enum err begin(struct dispatch *dispatch, const struct errand *errand,
                      const struct core_link_question *question) {
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return ERR_SYSTEM;
    job->dispatch = dispatch;
    job->ends_ms = clock_boot_ms() + errand->left_ms;
    if (question != NULL)
        job->question = *question;
    LIST_INSERT_HEAD(&dispatch->jobs, job, next);
    job->open = 1;
    for (size_t i = 0; i < CHANNELS; i++) {
        struct part *part = &job->parts[i];
        part->job = job;
        if (!errand->wanted[i])
            continue;
        job->open++;
        enum err err = begin_part(part, errand, i);
        if (err != ERR_OK)
            end_part(part, false, err_text(err));
    }
    if (--job->open == 0) {
        answer(job, false);
        free_job(job);
    }
    return ERR_OK;
}

static enum text_language language_of(const struct dispatch *dispatch, const char *code) {
    enum text_language language;
    return text_language_parse(code, &language) == ERR_OK
               ? language
               : settings_language(dispatch->options.settings);
}

enum err dispatch_otp(struct dispatch *dispatch, const struct notify_otp *otp,
                      const struct core_link_question *question) {
    struct letter_message message = {
        .texts = &letter_otp_texts,
        .language = language_of(dispatch, otp->language),
        .values = {.programme = otp->programme, .otp = otp->otp},
    };
    struct errand errand = {
        .message = &message,
        .wanted = {otp->by_phone, otp->by_email},
        .addresses = {otp->phone, otp->email},
        .address_kind = CEILING_CODE_TO_ADDRESS,
        .programme_kind = CEILING_CODE_OF_PROGRAMME,
        .left_ms = otp->valid_until_ms - clock_wall_ms(),
    };
    enum err err = text_minutes(errand.left_ms, &message.values.minutes);
    if (err == ERR_OK)
        err = begin(dispatch, &errand, question);
    if (err == ERR_OK)
        return ERR_OK;
    log_event(LOG_WARNING, "message-given-up", "channel=all why=%s", err_text(err));
    return core_link_answer(question, false);
}

void dispatch_event(struct dispatch *dispatch, const struct notify_event *event) {
    struct local_time local;
    struct letter_message message = {
        .texts = event->confirmed ? &letter_confirmed_texts : &letter_failed_texts,
        .language = language_of(dispatch, event->language),
        .values = {.programme = event->programme,
                   .date = local.date,
                   .time = local.time,
                   .identifier = event->identifier},
    };
    struct errand errand = {
        .message = &message,
        .wanted = {event->by_phone, event->by_email},
        .addresses = {event->phone, event->email},
        .address_kind = CEILING_EVENT_TO_ADDRESS,
        .programme_kind = CEILING_EVENT_OF_PROGRAMME,
        .left_ms = LETTER_EVENT_VALID_MS,
    };
    enum err err = local_time_format(event->at_ms, &local);
    if (err == ERR_OK)
        err = begin(dispatch, &errand, NULL);
    if (err != ERR_OK)
        log_event(LOG_WARNING, "message-given-up", "channel=all why=%s", err_text(err));
}

static const char *report_text(enum report_kind kind) {
    switch (kind) {
    case REPORT_DELIVERED:
        return "delivered";
    case REPORT_FAILED:
        return "failed";
    default:
        return "rejected";
    }
}

void dispatch_report(struct dispatch *dispatch, const struct report *report) {
    struct report_subject subject;
    if (report_table_take(dispatch->reports, report->id, &subject) != ERR_OK) {
        log_event(LOG_WARNING, "delivery-report-of-nothing", "kind=%s", report_text(report->kind));
        return;
    }
    log_event(report->kind == REPORT_DELIVERED ? LOG_INFO : LOG_WARNING, "delivery-report",
              "number=%u kind=%s after-ms=%lld", subject.gateway, report_text(report->kind),
              (long long)(clock_boot_ms() - subject.sent_ms));
}

int dispatch_turn(struct dispatch *dispatch) {
    const struct settings *settings = dispatch->options.settings;
    route_probe(&dispatch->routes, dispatch->options.transfers,
                settings->connect_timeout_ms + settings->slow_ms);
    return PROBE_EVERY_MS;
}
