#include "tests/bench/match_eval_set.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/demo/demo_finger.h"
#include "tests/bench/match_eval_file.h"

static int compare_numbers(const char *one, const char *other) {
    size_t length = strlen(one), other_length = strlen(other);
    if (length != other_length)
        return length < other_length ? -1 : 1;
    return strcmp(one, other);
}

static int in_order(const void *left, const void *right) {
    const struct match_eval_impression *one = left, *other = right;
    int order = strcmp(one->database, other->database);
    if (order == 0)
        order = compare_numbers(one->finger, other->finger);
    if (order == 0)
        order = compare_numbers(one->number, other->number);
    return order;
}

static void read_or_empty(const char *path, struct finger_template *template) {
    enum err err = match_eval_file_read(path, template);
    if (err == ERR_OK)
        return;
    fprintf(stderr, "match-eval: %s: %s; it counts as a record without minutiae\n", path,
            err_text(err));
    *template = (struct finger_template){.x_resolution = FINGER_RESOLUTION,
                                         .y_resolution = FINGER_RESOLUTION};
}

/* Splits <finger>_<impression>.fmr. */
static bool split_name(const char *name, struct match_eval_impression *impression) {
    const char *underscore = strrchr(name, '_'), *end = strrchr(name, '.');
    if (underscore == NULL || end == NULL || strcmp(end, ".fmr") != 0 || underscore == name ||
        end <= underscore + 1 || strpbrk(name, " \t\n") != NULL)
        return false;
    impression->finger = strndup(name, (size_t)(underscore - name));
    impression->number = strndup(underscore + 1, (size_t)(end - underscore - 1));
    return true;
}

static struct match_eval_impression *grow(struct match_eval_set *set) {
    struct match_eval_impression *grown =
        realloc(set->impressions, (set->count + 1) * sizeof *grown);
    if (grown == NULL)
        return NULL;
    set->impressions = grown;
    memset(&grown[set->count], 0, sizeof *grown);
    return &grown[set->count];
}

static enum err add_file(const char *folder, const char *against, const char *database,
                         const char *name, struct match_eval_set *set) {
    struct match_eval_impression *impression = grow(set);
    if (impression == NULL)
        return ERR_SYSTEM;
    if (!split_name(name, impression))
        return ERR_OK;
    impression->database = strdup(database);
    set->count++;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", folder, database, name);
    read_or_empty(path, &impression->template);
    snprintf(path, sizeof path, "%s/%s/%s", against != NULL ? against : folder, database, name);
    read_or_empty(path, &impression->against_template);
    if (finger_prepare(&impression->template, &impression->prepared) != ERR_OK)
        fprintf(stderr, "match-eval: %s/%s: a value is outside its range\n", database, name);
    return ERR_OK;
}

static enum err add_database(const char *folder, const char *against, const char *database,
                             struct match_eval_set *set) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, database);
    DIR *files = opendir(path);
    if (files == NULL)
        return ERR_OK;
    enum err err = ERR_OK;
    for (struct dirent *entry; err == ERR_OK && (entry = readdir(files)) != NULL;)
        err = add_file(folder, against, database, entry->d_name, set);
    closedir(files);
    return err;
}

enum err match_eval_set_read(const char *folder, const char *against, struct match_eval_set *set) {
    *set = (struct match_eval_set){0};
    DIR *databases = opendir(folder);
    if (databases == NULL)
        return ERR_SYSTEM;
    enum err err = ERR_OK;
    for (struct dirent *entry; err == ERR_OK && (entry = readdir(databases)) != NULL;)
        if (entry->d_name[0] != '.')
            err = add_database(folder, against, entry->d_name, set);
    closedir(databases);
    ERR_TRY(err);
    if (set->count == 0)
        return ERR_NOT_FOUND;
    qsort(set->impressions, set->count, sizeof *set->impressions, in_order);
    return ERR_OK;
}

static enum err add_synthetic(unsigned number, unsigned impression_number,
                              const struct demo_finger *finger, struct demo_random *random,
                              struct match_eval_set *set) {
    struct match_eval_impression *impression = grow(set);
    if (impression == NULL)
        return ERR_SYSTEM;
    char text[16];
    impression->database = strdup("synthetic");
    snprintf(text, sizeof text, "%u", number);
    impression->finger = strdup(text);
    snprintf(text, sizeof text, "%u", impression_number);
    impression->number = strdup(text);
    set->count++;
    demo_finger_impress(finger, &demo_finger_poor, random, &impression->template);
    impression->against_template = impression->template;
    return finger_prepare(&impression->template, &impression->prepared);
}

enum err match_eval_set_make(unsigned fingers, struct match_eval_set *set) {
    struct demo_random random;
    *set = (struct match_eval_set){0};
    demo_random_open(&random, "match-eval");
    for (unsigned i = 0; i < fingers; i++) {
        struct demo_finger finger;
        demo_finger_make(&finger, &random);
        ERR_TRY(add_synthetic(i, 1, &finger, &random, set));
        ERR_TRY(add_synthetic(i, 2, &finger, &random, set));
    }
    return ERR_OK;
}

void match_eval_set_free(struct match_eval_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        free(set->impressions[i].database);
        free(set->impressions[i].finger);
        free(set->impressions[i].number);
    }
    free(set->impressions);
}
