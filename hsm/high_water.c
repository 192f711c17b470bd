#include <errno.h>

#include "firmware/base/log.h"
#include "hsm/checkpoint.h"
#include "hsm/high_water.h"

static enum err raise_mark(struct keyring *keyring, const struct hsm_checkpoint *checkpoint) {
    const struct hsm_mark mark = {.tree_size = checkpoint->tree_size,
                                  .registry_sequence = checkpoint->registry_sequence,
                                  .state_sequence = checkpoint->state_sequence};
    enum err err = keyring_raise_mark(keyring, &mark);
    if (err != ERR_SYSTEM)
        return err;
    log_event(LOG_ERROR, "mark-not-stored", "errno=%d no checkpoint is signed", errno);
    return ERR_LIMIT;
}

enum err high_water_sign(struct keyring *keyring, struct sign_es256 *audit,
                         const struct hsm_checkpoint *checkpoint, struct buffer *note) {
    uint8_t signature[SIGN_ES256_BYTES];
    ERR_TRY(raise_mark(keyring, checkpoint));
    checkpoint_put_text(note, checkpoint);
    ERR_TRY(note->err);
    ERR_TRY(sign_es256_raw(audit, bytes_of(note->data, note->len), signature));
    checkpoint_put_signature(note, sign_es256_kid(audit), signature);
    return note->err;
}
