#include <string.h>

#include "authd/match/demographic_verdict.h"

void demographic_verdict_add(struct demographic_verdict *verdict, enum mosip_error error,
                             const char *detail) {
    verdict->passed = false;
    for (size_t i = 0; i < verdict->problem_count; i++) {
        const struct demographic_problem *known = &verdict->problems[i];
        if (known->error == error && strcmp(known->detail, detail) == 0)
            return;
    }
    if (verdict->problem_count == DEMOGRAPHIC_PROBLEMS_MAX)
        return;
    struct demographic_problem *problem = &verdict->problems[verdict->problem_count++];
    *problem = (struct demographic_problem){.error = error};
    memcpy(problem->detail, detail, strnlen(detail, sizeof problem->detail - 1));
}
