#include "firmware/base/secret.h"
#include "authd/plugin/plugin_answer.h"
#include "authd/plugin/vendor.h"
#include "authd/wire/plugin_wire.h"

/* Records and templates themselves stay in the frame, which the loop wipes. */
static union {
    struct plugin_extract extract;
    struct plugin_compare compare;
} asked;
static union {
    struct plugin_extracted extracted;
    struct plugin_compared compared;
} answered;
static uint8_t memory[FRAME_PAYLOAD_MAX];
static struct buffer target;

static enum err answer_extract(struct bytes payload) {
    ERR_TRY(plugin_wire_get_extract(payload, &asked.extract));
    enum err err = vendor_extract(&asked.extract, &answered.extracted);
    plugin_wire_put_extracted(&target, &answered.extracted);
    return err;
}

static enum err answer_compare(struct bytes payload) {
    ERR_TRY(plugin_wire_get_compare(payload, &asked.compare));
    enum err err = vendor_compare(&asked.compare, &answered.compared);
    plugin_wire_put_compared(&target, &answered.compared);
    return err;
}

static const struct {
    uint16_t question, answer;
    enum err (*make)(struct bytes payload);
} answers[] = {
    {PLUGIN_EXTRACT, PLUGIN_EXTRACTED, answer_extract},
    {PLUGIN_COMPARE, PLUGIN_COMPARED, answer_compare},
};

enum err plugin_answer_make(const struct frame *question, struct frame *answer) {
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        if (answers[i].question != question->type)
            continue;
        target = buffer_over(memory, sizeof memory);
        enum err err = answers[i].make(question->payload);
        *answer = (struct frame){
            .type = answers[i].answer, .generation = question->generation, .id = question->id};
        enum err written = buffer_end(&target, &answer->payload);
        return err == ERR_OK ? written : err;
    }
    return ERR_DENIED;
}

void plugin_answer_forget(void) {
    vendor_forget();
    secret_wipe(memory, target.len);
    secret_wipe(&asked, sizeof asked);
    secret_wipe(&answered, sizeof answered);
}
