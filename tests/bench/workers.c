#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/workers.h"

#define WORKERS_MAX  64
#define NICE_WORKERS 10

struct line {
    struct transaction *first, **last;
};

struct workers {
    const struct kit *kit;
    const struct judge *judge;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct line waiting, done;
    int done_fd;
    bool closing;
    unsigned count;
    pthread_t threads[WORKERS_MAX];
};

static void append(struct line *line, struct transaction *transaction) {
    transaction->next = NULL;
    *line->last = transaction;
    line->last = &transaction->next;
}

static struct transaction *take_first(struct line *line) {
    struct transaction *first = line->first;
    if (first == NULL)
        return NULL;
    line->first = first->next;
    if (line->first == NULL)
        line->last = &line->first;
    return first;
}

static struct transaction *await_work(struct workers *workers) {
    pthread_mutex_lock(&workers->lock);
    while (workers->waiting.first == NULL && !workers->closing)
        pthread_cond_wait(&workers->work, &workers->lock);
    struct transaction *transaction = workers->closing ? NULL : take_first(&workers->waiting);
    pthread_mutex_unlock(&workers->lock);
    return transaction;
}

static void hand_back(struct workers *workers, struct transaction *transaction) {
    pthread_mutex_lock(&workers->lock);
    append(&workers->done, transaction);
    pthread_mutex_unlock(&workers->lock);
    (void)eventfd_write(workers->done_fd, 1);
}

static void *work(void *argument) {
    struct workers *workers = argument;
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE_WORKERS);
    for (struct transaction *transaction = await_work(workers); transaction != NULL;
         transaction = await_work(workers)) {
        if (transaction->work == WORK_BUILD)
            transaction->result = transaction_build(workers->kit, transaction);
        else
            judge_answer(workers->judge, transaction);
        hand_back(workers, transaction);
    }
    return NULL;
}

enum err workers_open(struct workers **workers, unsigned count, const struct kit *kit,
                      const struct judge *judge) {
    struct workers *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_FULL;
    *made = (struct workers){.kit = kit,
                             .judge = judge,
                             .lock = PTHREAD_MUTEX_INITIALIZER,
                             .work = PTHREAD_COND_INITIALIZER,
                             .done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    made->waiting.last = &made->waiting.first;
    made->done.last = &made->done.first;
    for (unsigned i = 0; i < count && i < WORKERS_MAX; i++)
        if (pthread_create(&made->threads[made->count], NULL, work, made) == 0)
            made->count++;
    if (made->done_fd < 0 || made->count == 0) {
        workers_close(made);
        return ERR_SYSTEM;
    }
    *workers = made;
    return ERR_OK;
}

void workers_close(struct workers *workers) {
    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->closing = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        pthread_join(workers->threads[i], NULL);
    if (workers->done_fd >= 0)
        close(workers->done_fd);
    free(workers);
}

void workers_put(struct workers *workers, struct transaction *transaction) {
    pthread_mutex_lock(&workers->lock);
    append(&workers->waiting, transaction);
    pthread_cond_signal(&workers->work);
    pthread_mutex_unlock(&workers->lock);
}

int workers_descriptor(const struct workers *workers) {
    return workers->done_fd;
}

struct transaction *workers_take(struct workers *workers) {
    eventfd_t count;
    (void)eventfd_read(workers->done_fd, &count);
    pthread_mutex_lock(&workers->lock);
    struct transaction *first = workers->done.first;
    workers->done = (struct line){.first = NULL};
    workers->done.last = &workers->done.first;
    pthread_mutex_unlock(&workers->lock);
    return first;
}
