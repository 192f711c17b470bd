#include <stdbool.h>
#include <string.h>

#include "firmware/base/serve.h"
#include "authd/unseal/worker.h"

/*
 * authd-unseal with two mistakes that a request can reach, put over worker_answer and serve_send by
 * the linker: what a mistake in its parsers could come to. The rest of it is the shipped program.
 */
static const char deadly[] = "kills-the-parser", numbing[] = "silences-the-parser";

static bool numb; /* it turns its loop and says nothing any more */

enum err __real_worker_answer(const struct frame *question, struct frame *answer);
enum err __wrap_worker_answer(const struct frame *question, struct frame *answer);
enum err __real_serve_send(struct serve_peer *peer, const struct frame *frame);
enum err __wrap_serve_send(struct serve_peer *peer, const struct frame *frame);

static bool has(struct bytes payload, const char *text) {
    return memmem(payload.data, payload.len, text, strlen(text)) != NULL;
}

enum err __wrap_worker_answer(const struct frame *question, struct frame *answer) {
    if (has(question->payload, deadly))
        __builtin_trap();
    numb = numb || has(question->payload, numbing);
    return __real_worker_answer(question, answer);
}

enum err __wrap_serve_send(struct serve_peer *peer, const struct frame *frame) {
    return numb ? ERR_OK : __real_serve_send(peer, frame);
}
