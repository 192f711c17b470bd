#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/driver.h"

#include "firmware/base/clock.h"
#include "provisioning/programme/https_pool.h"
#include "tests/bench/outbox.h"
#include "tests/bench/ready.h"
#include "tests/bench/workers.h"

#define MS             1000000LL
#define SECOND         1000000000LL
#define TRANSACTIONS   4000
#define LEAD_NS        (100 * MS) /* open loop: built this long before it is due */
#define THINK_NS       (50 * MS)  /* open loop: from the code to its use */
#define CODE_NS        (5 * SECOND)
#define LONGEST_NS     (50 * MS)
#define WARM_NS        (10 * SECOND)
#define DRAIN_NS       (40 * SECOND)
#define EXAMINED_EVERY 16
#define KEPT_MAX       480 /* one for each call and programme, as far as an appliance takes */

struct driver {
    const struct options *options;
    const struct kit *kit;
    const json_t *published, *jwks; /* jwks: NULL for the MOSIP profile */
    struct cast *cast;
    struct judge judge;
    struct workers *workers;
    struct outbox *outbox;
    struct https_pool *pool;
    int epoll_fd;
    struct transaction *transactions, *free; /* linked by next */
    struct ready ready;
    struct tally tally;
    enum err failure;                 /* from a callback */
    bool sending, measuring, starved; /* starved: more people are due than can be on the way */
    unsigned room, alive, in_flight, judging;
    uint64_t finished, sent;
    int64_t next_arrival_ns, arrivals_end_ns, window_end_ns, paused_ns, looked_ns;
};

static volatile sig_atomic_t interrupted;

void driver_interrupt(void) {
    interrupted = 1;
}

static bool is_open_loop(const struct driver *driver) {
    return driver->options->rate > 0;
}

static void build(struct driver *driver, struct transaction *transaction, enum call_kind call) {
    transaction->call = call;
    transaction->work = WORK_BUILD;
    workers_put(driver->workers, transaction);
}

static void finish(struct driver *driver, struct transaction *transaction) {
    cast_give(driver->cast, transaction->pair);
    transaction->alive = false;
    transaction->next = driver->free;
    driver->free = transaction;
    driver->alive--;
    driver->finished++;
}

/* ERR_AGAIN: everybody is busy. */
static enum err begin(struct driver *driver, int64_t due_ns) {
    struct transaction *transaction = driver->free;
    enum mix_kind kind = mix_draw(&driver->options->mix, arc4random());
    struct cast_pair *pair = transaction != NULL ? cast_take(driver->cast, kind) : NULL;
    if (pair == NULL)
        return ERR_AGAIN;
    driver->free = transaction->next;
    driver->alive++;
    transaction->alive = true;
    transaction->kind = kind;
    transaction->pair = pair;
    transaction->code[0] = '\0';
    transaction->asked = false;
    transaction->due_ns = due_ns;
    ERR_TRY(transaction_name(transaction));
    build(driver, transaction, mix_facts[kind].first);
    return ERR_OK;
}

/* Once the appliance has answered and the person has the code, whichever comes last. */
static void go_on(struct driver *driver, struct transaction *transaction) {
    if (!transaction->asked || transaction->code[0] == '\0')
        return;
    transaction->asked = false;
    transaction->due_ns = is_open_loop(driver) ? clock_boot_ns() + THINK_NS : 0;
    build(driver, transaction, mix_facts[transaction->kind].second);
}

static void on_code(void *context, const char *transaction_id, const char *code) {
    struct driver *driver = context;
    unsigned slot = 0;
    if (transaction_slot(transaction_id, &slot) != ERR_OK || slot >= driver->room)
        return;
    struct transaction *transaction = &driver->transactions[slot];
    if (!transaction->alive || strcmp(transaction->id, transaction_id) != 0)
        return;
    snprintf(transaction->code, sizeof transaction->code, "%s", code);
    go_on(driver, transaction);
}

static void on_answer(void *context, void *tag, enum err result) {
    struct driver *driver = context;
    struct transaction *transaction = tag;
    transaction->done_ns = clock_boot_ns();
    transaction->result = result;
    transaction->examined = driver->sent % EXAMINED_EVERY == 0;
    driver->in_flight--;
    driver->judging++;
    enum err counted = tally_call(&driver->tally, transaction);
    if (counted != ERR_OK)
        driver->failure = counted;
    mosip_request_free(&transaction->request);
    transaction->work = WORK_JUDGE;
    workers_put(driver->workers, transaction);
}

static void on_judged(struct driver *driver, struct transaction *transaction) {
    driver->judging--;
    tally_verdict(&driver->tally, transaction, driver->window_end_ns);
    https_answer_free(&transaction->answer);
    bool asked = transaction->verdict[0] == '\0' &&
                 transaction->call == mix_facts[transaction->kind].first &&
                 mix_facts[transaction->kind].second != CALL_NONE;
    if (!asked) {
        finish(driver, transaction);
        return;
    }
    transaction->asked = true;
    transaction->asked_ns = transaction->done_ns;
    go_on(driver, transaction);
}

static void take_work(struct driver *driver) {
    struct transaction *next;
    for (struct transaction *done = workers_take(driver->workers); done != NULL; done = next) {
        next = done->next;
        if (done->work == WORK_JUDGE) {
            on_judged(driver, done);
        } else if (done->result != ERR_OK) {
            tally_wrong(&driver->tally, "request cannot be built");
            finish(driver, done);
        } else {
            ready_put(&driver->ready, done);
        }
    }
}

/* People whose code never came. */
static void look_for_lost_codes(struct driver *driver, int64_t now_ns) {
    if (now_ns - driver->looked_ns < SECOND)
        return;
    driver->looked_ns = now_ns;
    for (unsigned i = 0; i < driver->room; i++) {
        struct transaction *transaction = &driver->transactions[i];
        if (!transaction->alive || !transaction->asked || now_ns - transaction->asked_ns < CODE_NS)
            continue;
        tally_wrong(&driver->tally, "no code in the outbox");
        finish(driver, transaction);
    }
}

/* The next person of a Poisson process. */
static int64_t gap_ns(const struct driver *driver) {
    double uniform = (arc4random() + 1.0) / 4294967296.0;
    return (int64_t)(-log(uniform) / driver->options->rate * (double)SECOND);
}

/* Keeps enough people on the way; in an open loop, those who come soon. */
static enum err bring_people(struct driver *driver, int64_t now_ns) {
    enum err result = ERR_OK;
    if (!is_open_loop(driver)) {
        while (driver->alive < driver->room && result == ERR_OK)
            result = begin(driver, 0);
        return result == ERR_AGAIN ? ERR_OK : result;
    }
    while (driver->next_arrival_ns < now_ns + LEAD_NS &&
           driver->next_arrival_ns < driver->arrivals_end_ns) {
        result = begin(driver, driver->next_arrival_ns);
        driver->starved = result == ERR_AGAIN;
        if (result != ERR_OK)
            return driver->starved ? ERR_OK : result;
        driver->next_arrival_ns += gap_ns(driver);
    }
    return ERR_OK;
}

static enum err send_due(struct driver *driver, int64_t now_ns) {
    struct transaction *first = ready_first(&driver->ready);
    while (first != NULL && first->due_ns <= now_ns && https_pool_room(driver->pool) > 0) {
        const struct https_call call = {
            .message = transaction_message(first), .answer = &first->answer, .tag = first};
        ready_remove_first(&driver->ready);
        first->sent_ns = now_ns;
        first->measured = driver->measuring;
        ERR_TRY(https_pool_send(driver->pool, &call));
        driver->sent++;
        driver->in_flight++;
        now_ns = clock_boot_ns();
        first = ready_first(&driver->ready);
    }
    return ERR_OK;
}

static int64_t earlier(int64_t left, int64_t right) {
    return left < right ? left : right;
}

/* When there is something to do even if nothing comes in. */
static int64_t wake_ns(const struct driver *driver, int64_t now_ns, int pool_wait_ms) {
    int64_t wake = now_ns + LONGEST_NS;
    const struct transaction *first = ready_first(&driver->ready);
    if (pool_wait_ms >= 0)
        wake = earlier(wake, now_ns + pool_wait_ms * MS);
    if (driver->sending && first != NULL && https_pool_room(driver->pool) > 0)
        wake = earlier(wake, first->due_ns);
    if (driver->sending && is_open_loop(driver) && !driver->starved)
        wake = earlier(wake, driver->next_arrival_ns - LEAD_NS);
    return wake;
}

static void wait_until(const struct driver *driver, int64_t wake) {
    struct epoll_event events[4];
    int64_t left_ns = wake - clock_boot_ns();
    if (left_ns <= 0)
        return;
    const struct timespec left = {.tv_sec = left_ns / SECOND, .tv_nsec = left_ns % SECOND};
    (void)epoll_pwait2(driver->epoll_fd, events, 4, &left, NULL);
}

static enum err turn(struct driver *driver) {
    int pool_wait_ms = -1;
    int64_t now_ns = clock_boot_ns();
    if (driver->sending) {
        ERR_TRY(bring_people(driver, now_ns));
        ERR_TRY(send_due(driver, now_ns));
    }
    https_pool_turn(driver->pool, &pool_wait_ms);
    wait_until(driver, wake_ns(driver, now_ns, pool_wait_ms));
    https_pool_turn(driver->pool, &pool_wait_ms);
    if (outbox_read(driver->outbox, on_code, driver) != ERR_OK)
        tally_wrong(&driver->tally, "outbox overflowed");
    take_work(driver);
    look_for_lost_codes(driver, now_ns);
    return interrupted ? ERR_CLOSED : driver->failure;
}

/* Time stands still for people between slices. */
static void resume(struct driver *driver) {
    int64_t now_ns = clock_boot_ns();
    int64_t pause_ns = driver->paused_ns != 0 ? now_ns - driver->paused_ns : 0;
    for (unsigned i = 0; i < driver->room; i++)
        if (driver->transactions[i].alive && driver->transactions[i].due_ns != 0)
            driver->transactions[i].due_ns += pause_ns;
    driver->next_arrival_ns = now_ns + LEAD_NS;
    driver->looked_ns = now_ns;
    driver->sending = true;
}

static enum err drain(struct driver *driver) {
    int64_t until_ns = clock_boot_ns() + DRAIN_NS;
    driver->sending = false;
    while (driver->in_flight > 0 || driver->judging > 0) {
        enum err result = turn(driver);
        if (result != ERR_OK && result != ERR_CLOSED)
            return result;
        if (clock_boot_ns() > until_ns)
            return ERR_TIMEOUT;
    }
    driver->paused_ns = clock_boot_ns();
    return interrupted ? ERR_CLOSED : ERR_OK;
}

enum err driver_warm_up(struct driver *driver) {
    int64_t until_ns = clock_boot_ns() + WARM_NS;
    driver->measuring = false;
    driver->arrivals_end_ns = until_ns;
    resume(driver);
    double people = is_open_loop(driver) ? driver->options->rate : driver->room;
    while (driver->finished < people && clock_boot_ns() < until_ns && driver->tally.wrong == 0)
        ERR_TRY(turn(driver));
    return drain(driver);
}

enum err driver_slice(struct driver *driver, double seconds, double *whole_seconds) {
    int64_t began_ns = clock_boot_ns();
    tally_begin_slice(&driver->tally);
    driver->measuring = true;
    driver->window_end_ns = began_ns + (int64_t)(seconds * (double)SECOND);
    driver->arrivals_end_ns = INT64_MAX;
    resume(driver);
    while (clock_boot_ns() < driver->window_end_ns)
        ERR_TRY(turn(driver));
    enum err result = drain(driver);
    *whole_seconds = (double)(clock_boot_ns() - began_ns) / (double)SECOND;
    return result;
}

static enum err open_loop(struct driver *driver) {
    const int descriptors[] = {https_pool_descriptor(driver->pool),
                               workers_descriptor(driver->workers),
                               outbox_descriptor(driver->outbox)};
    driver->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (driver->epoll_fd < 0)
        return ERR_SYSTEM;
    for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
        struct epoll_event event = {.events = EPOLLIN};
        if (epoll_ctl(driver->epoll_fd, EPOLL_CTL_ADD, descriptors[i], &event) != 0)
            return ERR_SYSTEM;
    }
    return ERR_OK;
}

/* Two more for each call in flight: one is being built, one waits for its code. */
static enum err open_transactions(struct driver *driver) {
    size_t room = is_open_loop(driver) ? TRANSACTIONS : driver->options->connections * 3 + 16;
    driver->room = (unsigned)(room < cast_room(driver->cast) ? room : cast_room(driver->cast));
    driver->transactions = calloc(driver->room, sizeof *driver->transactions);
    if (driver->transactions == NULL)
        return ERR_FULL;
    for (unsigned i = 0; i < driver->room; i++) {
        driver->transactions[i].slot = i;
        driver->transactions[i].next = driver->free;
        driver->free = &driver->transactions[i];
    }
    return ready_open(&driver->ready, driver->room);
}

static enum err prepare(struct driver *driver) {
    const struct options *options = driver->options;
    const struct https_pool_options pool = {.ca_certificate = driver->kit->ca_certificate,
                                            .connections = options->connections,
                                            .kept = driver->jwks != NULL ? KEPT_MAX : 0,
                                            .done = on_answer,
                                            .context = driver};
    long cores =
        options->cores.given ? CPU_COUNT(&options->cores.generator) : sysconf(_SC_NPROCESSORS_ONLN);
    ERR_TRY(cast_open(&driver->cast, driver->kit, driver->jwks, &options->mix));
    ERR_TRY(open_transactions(driver));
    ERR_TRY(judge_open(&driver->judge, driver->published));
    ERR_TRY(outbox_open(&driver->outbox, driver->kit->outbox));
    ERR_TRY(https_pool_open(&driver->pool, &pool));
    ERR_TRY(workers_open(&driver->workers, cores > 0 ? (unsigned)cores : 1, driver->kit,
                         &driver->judge));
    return open_loop(driver);
}

enum err driver_open(struct driver **driver, const struct options *options, const struct kit *kit,
                     const json_t *published) {
    struct driver *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_FULL;
    *made = (struct driver){.options = options,
                            .kit = kit,
                            .published = published,
                            .jwks = options->profile == PROFILE_JOSE ? published : NULL,
                            .epoll_fd = -1};
    enum err result = prepare(made);
    if (result != ERR_OK) {
        driver_close(made);
        return result;
    }
    *driver = made;
    return ERR_OK;
}

void driver_close(struct driver *driver) {
    if (driver == NULL)
        return;
    workers_close(driver->workers);
    https_pool_close(driver->pool);
    outbox_close(driver->outbox);
    for (unsigned i = 0; i < driver->room && driver->transactions != NULL; i++) {
        mosip_request_free(&driver->transactions[i].request);
        https_answer_free(&driver->transactions[i].answer);
    }
    free(driver->transactions);
    ready_close(&driver->ready);
    tally_free(&driver->tally);
    cast_close(driver->cast);
    if (driver->epoll_fd >= 0)
        close(driver->epoll_fd);
    free(driver);
}

size_t driver_people(const struct driver *driver) {
    return cast_people(driver->cast);
}

size_t driver_programmes(const struct driver *driver) {
    return cast_programmes(driver->cast);
}

struct tally *driver_tally(struct driver *driver) {
    return &driver->tally;
}
