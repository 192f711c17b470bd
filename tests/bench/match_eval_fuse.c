#include "tests/bench/match_eval_fuse.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authd/match/finger_fuse.h"

/* The impressions of one finger, which follow one another in the set. */
struct finger {
    size_t first, count;
};

struct scores {
    const struct match_eval_set *set;
    uint32_t *of; /* for each two impressions */
    struct finger *fingers;
    size_t finger_count;
};

typedef uint32_t rule_of_all(const uint32_t *scores, size_t count);

static uint32_t score_of(const struct scores *scores, size_t one, size_t other) {
    return scores->of[one * scores->set->count + other];
}

static bool is_same_finger(const struct match_eval_impression *one,
                           const struct match_eval_impression *other) {
    return strcmp(one->database, other->database) == 0 && strcmp(one->finger, other->finger) == 0;
}

static bool is_same_database(const struct scores *scores, struct finger one, struct finger other) {
    return strcmp(scores->set->impressions[one.first].database,
                  scores->set->impressions[other.first].database) == 0;
}

static enum err open_scores(const struct match_eval_set *set, const struct match_eval_list *list,
                            struct scores *scores) {
    *scores = (struct scores){.set = set};
    scores->of = calloc(set->count * set->count, sizeof *scores->of);
    scores->fingers = calloc(set->count, sizeof *scores->fingers);
    if (scores->of == NULL || scores->fingers == NULL)
        return ERR_SYSTEM;
    for (size_t i = 0; i < list->count; i++) {
        const struct match_eval_comparison *comparison = &list->comparisons[i];
        scores->of[comparison->enrolled * set->count + comparison->probe] = comparison->score;
        scores->of[comparison->probe * set->count + comparison->enrolled] = comparison->score;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (i == 0 || !is_same_finger(&set->impressions[i - 1], &set->impressions[i]))
            scores->fingers[scores->finger_count++] = (struct finger){.first = i};
        scores->fingers[scores->finger_count - 1].count++;
    }
    return ERR_OK;
}

static void close_scores(struct scores *scores) {
    free(scores->of);
    free(scores->fingers);
}

static uint32_t result(enum match_eval_rule rule, rule_of_all *fuse, const uint32_t *two) {
    if (rule == MATCH_EVAL_FIRST)
        return two[0];
    if (rule == MATCH_EVAL_BEST)
        return two[0] > two[1] ? two[0] : two[1];
    return fuse(two, 2);
}

/* Two impressions of a finger are enrolled; all probes of other numbers are compared with them. */
static void print_enrolled(const struct scores *scores, const size_t enrolled[2],
                           struct finger probes, enum match_eval_rule rule) {
    const struct match_eval_impression *impressions = scores->set->impressions;
    for (size_t probe = probes.first; probe < probes.first + probes.count; probe++) {
        if (strcmp(impressions[probe].number, impressions[enrolled[0]].number) == 0 ||
            strcmp(impressions[probe].number, impressions[enrolled[1]].number) == 0)
            continue;
        uint32_t two[] = {score_of(scores, enrolled[0], probe),
                          score_of(scores, enrolled[1], probe)};
        printf("%s %s %s+%s %s %s %u\n", impressions[probe].database,
               impressions[enrolled[0]].finger, impressions[enrolled[0]].number,
               impressions[enrolled[1]].number, impressions[probe].finger,
               impressions[probe].number, result(rule, finger_fuse_impressions, two));
    }
}

static void print_impressions(const struct scores *scores, struct finger enrolled,
                              struct finger probes, enum match_eval_rule rule) {
    size_t end = enrolled.first + enrolled.count;
    for (size_t i = enrolled.first; i < end; i++)
        for (size_t j = i + 1; j < end; j++)
            print_enrolled(scores, (const size_t[]){i, j}, probes, rule);
}

enum err match_eval_fuse_impressions(const struct match_eval_set *set,
                                     const struct match_eval_list *list,
                                     enum match_eval_rule rule) {
    struct scores scores;
    enum err err = open_scores(set, list, &scores);
    for (size_t i = 0; err == ERR_OK && i < scores.finger_count; i++)
        for (size_t j = 0; j < scores.finger_count; j++)
            if (is_same_database(&scores, scores.fingers[i], scores.fingers[j]))
                print_impressions(&scores, scores.fingers[i], scores.fingers[j], rule);
    close_scores(&scores);
    return err;
}

/* Two fingers of one person. */
struct person {
    struct finger finger[2];
};

static void print_fingers(const struct scores *scores, const struct person *enrolled,
                          const struct person *probed, enum match_eval_rule rule) {
    const struct match_eval_impression *impressions = scores->set->impressions;
    for (size_t i = 1; i < probed->finger[0].count && i < probed->finger[1].count; i++) {
        size_t one = probed->finger[0].first + i, other = probed->finger[1].first + i;
        uint32_t two[] = {score_of(scores, enrolled->finger[0].first, one),
                          score_of(scores, enrolled->finger[1].first, other)};
        printf("%s %s+%s 1 %s+%s %s %u\n", impressions[one].database,
               impressions[enrolled->finger[0].first].finger,
               impressions[enrolled->finger[1].first].finger, impressions[one].finger,
               impressions[other].finger, impressions[one].number,
               result(rule, finger_fuse_fingers, two));
    }
}

static bool share_one_finger(const struct person *one, const struct person *other) {
    unsigned shared = 0;
    for (unsigned i = 0; i < 4; i++)
        shared += one->finger[i / 2].first == other->finger[i % 2].first;
    return shared == 1;
}

/* Compares a person with all of the same database. */
static void print_person(const struct scores *scores, const struct person *enrolled,
                         enum match_eval_rule rule) {
    for (size_t i = 0; i < scores->finger_count; i++)
        for (size_t j = i + 1; j < scores->finger_count; j++) {
            struct person probed = {{scores->fingers[i], scores->fingers[j]}};
            if (is_same_database(scores, enrolled->finger[0], probed.finger[0]) &&
                is_same_database(scores, enrolled->finger[0], probed.finger[1]) &&
                !share_one_finger(enrolled, &probed))
                print_fingers(scores, enrolled, &probed, rule);
        }
}

enum err match_eval_fuse_fingers(const struct match_eval_set *set,
                                 const struct match_eval_list *list, enum match_eval_rule rule) {
    struct scores scores;
    enum err err = open_scores(set, list, &scores);
    for (size_t i = 0; err == ERR_OK && i < scores.finger_count; i++)
        for (size_t j = i + 1; j < scores.finger_count; j++) {
            struct person enrolled = {{scores.fingers[i], scores.fingers[j]}};
            if (is_same_database(&scores, enrolled.finger[0], enrolled.finger[1]))
                print_person(&scores, &enrolled, rule);
        }
    close_scores(&scores);
    return err;
}
