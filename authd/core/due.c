#include <sys/timerfd.h>
#include <unistd.h>

#include "authd/core/due.h"

#include "firmware/base/log.h"
#include "authd/core/jose_flow.h"

#define NS_PER_MS     INT64_C(1000000)
#define NS_PER_SECOND INT64_C(1000000000)

/* Wakes the lane for the first of the list. */
static void arm(struct lane *lane) {
    const struct request *first = TAILQ_FIRST(&lane->due);
    struct itimerspec at = {0};
    if (first == NULL || first->due_boot_ns == lane->due_armed_ns)
        return;
    at.it_value.tv_sec = first->due_boot_ns / NS_PER_SECOND;
    at.it_value.tv_nsec = first->due_boot_ns % NS_PER_SECOND;
    lane->due_armed_ns = first->due_boot_ns;
    if (timerfd_settime(lane->due_fd, TFD_TIMER_ABSTIME, &at, NULL) != 0)
        log_event(LOG_ERROR, "timer-not-set", "lane=%u", lane->index);
}

static void on_timer(void *context, int fd) {
    struct lane *lane = context;
    uint64_t expirations;
    struct request *request;
    if (read(fd, &expirations, sizeof(expirations)) < 0)
        return;
    int64_t now_ns = clock_boot_ns();
    while ((request = TAILQ_FIRST(&lane->due)) != NULL && request->due_boot_ns <= now_ns) {
        TAILQ_REMOVE(&lane->due, request, next_due);
        jose_flow_on_due(lane, request);
    }
    lane->due_armed_ns = 0;
    arm(lane);
}

enum err due_open(struct lane *lane) {
    TAILQ_INIT(&lane->due);
    lane->due_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (lane->due_fd < 0)
        return ERR_SYSTEM;
    return serve_add_descriptor(lane->serve, lane->due_fd, on_timer, lane);
}

void due_close(struct lane *lane) {
    if (lane->due_fd >= 0)
        (void)close(lane->due_fd);
}

/* Nearly always at the end: all wait equally long. */
static void insert(struct lane *lane, struct request *request) {
    struct request *before = TAILQ_LAST(&lane->due, request_list);
    while (before != NULL && before->due_boot_ns > request->due_boot_ns)
        before = TAILQ_PREV(before, request_list, next_due);
    if (before != NULL)
        TAILQ_INSERT_AFTER(&lane->due, before, request, next_due);
    else
        TAILQ_INSERT_HEAD(&lane->due, request, next_due);
    request->step = STEP_DUE;
    arm(lane);
}

void due_wait(struct lane *lane, struct request *request) {
    int64_t period_ns = lane->core->settings.refusal_ms * NS_PER_MS;
    int64_t passed_ns = clock_boot_ns() - request->received_boot_ns;
    request->due_boot_ns = request->received_boot_ns + (passed_ns / period_ns + 1) * period_ns;
    insert(lane, request);
}

void due_wait_after(struct lane *lane, struct request *request) {
    request->due_boot_ns += lane->core->settings.refusal_ms * NS_PER_MS / 2;
    insert(lane, request);
}
