#include "tests/bench/match_eval_run.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "authd/match/finger_scratch.h"

enum { SHARE = 64, THREADS_MAX = 256 };

struct work {
    const struct match_eval_set *set;
    struct match_eval_list *list;
    atomic_size_t next;
};

static bool is_pair(const struct match_eval_set *set, size_t one, size_t other) {
    const struct match_eval_impression *a = &set->impressions[one], *b = &set->impressions[other];
    return one < other && strcmp(a->database, b->database) == 0;
}

enum err match_eval_list_pairs(const struct match_eval_set *set, struct match_eval_list *list) {
    *list = (struct match_eval_list){0};
    size_t room = 0;
    for (size_t i = 0; i < set->count; i++)
        for (size_t j = i + 1; is_pair(set, i, j < set->count ? j : i); j++) {
            if (list->count == room) {
                room = room > 0 ? 2 * room : 1024;
                void *grown = realloc(list->comparisons, room * sizeof *list->comparisons);
                if (grown == NULL)
                    return ERR_SYSTEM;
                list->comparisons = grown;
            }
            list->comparisons[list->count++] =
                (struct match_eval_comparison){.enrolled = (uint32_t)i, .probe = (uint32_t)j};
        }
    return ERR_OK;
}

/* Of this thread: other work on the machine does not count. */
static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void compare(const struct match_eval_set *set, struct match_eval_comparison *comparison,
                    struct finger_prepared *probe, struct finger_scratch *scratch) {
    const struct match_eval_impression *impressions = set->impressions;
    double start = now();
    comparison->score = 0;
    if (finger_prepare(&impressions[comparison->probe].against_template, probe) == ERR_OK)
        comparison->score =
            finger_compare(&impressions[comparison->enrolled].prepared, probe, scratch);
    comparison->microseconds = (float)(now() - start);
}

static void *work(void *argument) {
    struct work *work = argument;
    struct finger_prepared *probe = calloc(1, sizeof *probe);
    struct finger_scratch *scratch = calloc(1, sizeof *scratch);
    for (size_t from; probe != NULL && scratch != NULL &&
                      (from = atomic_fetch_add(&work->next, SHARE)) < work->list->count;)
        for (size_t i = from; i < from + SHARE && i < work->list->count; i++)
            compare(work->set, &work->list->comparisons[i], probe, scratch);
    bool failed = probe == NULL || scratch == NULL;
    free(probe);
    free(scratch);
    return failed ? work : NULL;
}

enum err match_eval_run(const struct match_eval_set *set, struct match_eval_list *list,
                        unsigned threads) {
    struct work shared = {.set = set, .list = list};
    pthread_t thread[THREADS_MAX];
    unsigned started = 0;
    threads = threads < THREADS_MAX ? threads : THREADS_MAX;
    while (started < threads && pthread_create(&thread[started], NULL, work, &shared) == 0)
        started++;
    bool failed = started < threads;
    for (unsigned i = 0; i < started; i++) {
        void *result = NULL;
        failed = pthread_join(thread[i], &result) != 0 || result != NULL || failed;
    }
    return failed ? ERR_SYSTEM : ERR_OK;
}
