#include <stdlib.h>
#include <string.h>

#include "authd/core/published.h"

#include "firmware/base/clock.h"

/* No turn of a loop takes so long: authd replaces a process that stands still. */
#define IN_VIEW_MS INT64_C(60000)

const struct publication *published_now(const struct core *core) {
    return atomic_load(&core->publication);
}

/* Frees what was replaced so long ago that nobody has a view of it. */
static void free_older(struct publication *newest, int64_t now_ms) {
    struct publication **link = &newest->older;
    for (struct publication *newer = newest; *link != NULL; newer = newer->older) {
        if (now_ms - newer->kept_boot_ms >= IN_VIEW_MS)
            break;
        link = &newer->older;
    }
    struct publication *over = *link;
    *link = NULL;
    while (over != NULL) {
        struct publication *next = over->older;
        free(over);
        over = next;
    }
}

static struct publication *copy(const struct hsm_publication *answer) {
    struct publication *made = calloc(1, sizeof(*made) + answer->jwks.len +
                                             answer->partner_pem.len + answer->ida_fir_pem.len);
    if (made == NULL)
        return NULL;
    const struct {
        struct bytes from;
        struct bytes *to;
    } documents[] = {{answer->jwks, &made->jwks},
                     {answer->partner_pem, &made->partner_pem},
                     {answer->ida_fir_pem, &made->ida_fir_pem}};
    size_t at = 0;
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
        memcpy(made->memory + at, documents[i].from.data, documents[i].from.len);
        *documents[i].to = bytes_of(made->memory + at, documents[i].from.len);
        at += documents[i].from.len;
    }
    memcpy(made->request_kid, answer->request_kid, sizeof(made->request_kid));
    made->sequence = answer->sequence;
    made->max_age_seconds = answer->max_age_seconds;
    return made;
}

enum err published_keep(struct core *core, const struct hsm_publication *answer) {
    struct publication *before = atomic_load(&core->publication);
    if (before != NULL && answer->sequence <= before->sequence)
        return ERR_OK;
    struct publication *made = copy(answer);
    if (made == NULL)
        return ERR_FULL;
    made->kept_boot_ms = clock_boot_ms();
    made->older = before;
    atomic_store(&core->publication, made);
    free_older(made, made->kept_boot_ms);
    return ERR_OK;
}

void published_free(struct core *core) {
    struct publication *over = atomic_exchange(&core->publication, NULL);
    while (over != NULL) {
        struct publication *next = over->older;
        free(over);
        over = next;
    }
}
