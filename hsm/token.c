#include <stdlib.h>
#include <string.h>

#include <libp11.h>

#include "firmware/base/log.h"
#include "hsm/token.h"
#include "hsm/token_foreign.h"

struct token {
    PKCS11_CTX *module;
    bool loaded; /* libp11 crashes when it unloads what it could not load */
    PKCS11_SLOT *slots;
    unsigned slot_count;
    PKCS11_SLOT *slot; /* one of them */
    struct token_raw *raw;
    struct token_turn turns;
    char serial[TOKEN_SERIAL_SIZE];
};

static enum err failed(const char *function) {
    log_event(LOG_ERROR, "libp11-failed", "function=%s error=0x%lx", function, ERR_peek_error());
    return ERR_HSM;
}

static enum err load(struct token *token, const char *module) {
    token->module = PKCS11_CTX_new();
    if (token->module == NULL)
        return ERR_SYSTEM;
    if (PKCS11_CTX_load(token->module, module) != 0)
        return failed("PKCS11_CTX_load");
    token->loaded = true;
    if (PKCS11_enumerate_slots(token->module, &token->slots, &token->slot_count) != 0)
        return failed("PKCS11_enumerate_slots");
    return ERR_OK;
}

static bool fits(const PKCS11_SLOT *slot, const struct token_options *options) {
    const PKCS11_TOKEN *found = slot->token;
    if (found == NULL || !found->initialized || found->label == NULL || found->serialnr == NULL)
        return false;
    bool any_serial = options->serial == NULL || options->serial[0] == '\0';
    return strcmp(found->label, options->label) == 0 &&
           (any_serial || strcmp(found->serialnr, options->serial) == 0);
}

static enum err find_slot(struct token *token, const struct token_options *options) {
    for (unsigned i = 0; i < token->slot_count; i++) {
        if (!fits(&token->slots[i], options))
            continue;
        if (token->slot != NULL) {
            log_event(LOG_ERROR, "token-ambiguous", "give the tokens different labels");
            return ERR_DENIED;
        }
        token->slot = &token->slots[i];
    }
    struct bytes found =
        token->slot != NULL ? bytes_of_text(token->slot->token->serialnr) : bytes_of(NULL, 0);
    if (token->slot == NULL ||
        bytes_to_text(found, token->serial, sizeof token->serial) != ERR_OK) {
        char label[33], serial[TOKEN_SERIAL_SIZE];
        bool bound = options->serial != NULL && options->serial[0] != '\0';
        log_event(LOG_ERROR, "token-not-found", "label=%s serial=%s slots=%u",
                  log_safe(options->label, label, sizeof label),
                  bound ? log_safe(options->serial, serial, sizeof serial) : "any",
                  token->slot_count);
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

static enum err open_all(struct token *token, const struct token_options *options,
                         const struct secret *pin) {
    ERR_TRY(load(token, options->module));
    ERR_TRY(find_slot(token, options));
    ERR_TRY(token_raw_open(&token->raw, options->module, PKCS11_get_slotid_from_slot(token->slot),
                           options->joint_uses));
    return token_raw_login(token->raw, pin);
}

enum err token_open(struct token **token, const struct token_options *options,
                    const struct secret *pin) {
    *token = NULL;
    struct token *made = calloc(1, sizeof *made);
    if (made == NULL)
        return ERR_SYSTEM;
    made->turns.fd = -1;
    enum err err = open_all(made, options, pin);
    if (err != ERR_OK) {
        token_close(made);
        return err;
    }
    *token = made;
    return ERR_OK;
}

void token_close(struct token *token) {
    if (token == NULL)
        return;
    token_turn_close(&token->turns);
    token_raw_close(token->raw);
    if (token->slots != NULL)
        PKCS11_release_all_slots(token->module, token->slots, token->slot_count);
    if (token->loaded)
        PKCS11_CTX_unload(token->module);
    if (token->module != NULL)
        PKCS11_CTX_free(token->module);
    free(token);
}

const char *token_serial(const struct token *token) {
    return token->serial;
}

struct token_raw *token_session(struct token *token) {
    return token->raw;
}

struct token_turn *token_turns(struct token *token) {
    return &token->turns;
}

enum err token_key(struct token *token, const uint8_t id[static TOKEN_RAW_ID_BYTES],
                   EVP_PKEY **key) {
    PKCS11_KEY *keys = NULL, *found = NULL;
    unsigned count = 0;
    *key = NULL;
    if (PKCS11_enumerate_keys(token->slot->token, &keys, &count) != 0) {
        token_foreign_report(token->raw);
        return failed("PKCS11_enumerate_keys");
    }
    /* The last one: libp11 keeps what was destroyed in its list, and adds what is new at its end.
     */
    for (unsigned i = 0; i < count; i++)
        if (keys[i].id_len == TOKEN_RAW_ID_BYTES && memcmp(keys[i].id, id, keys[i].id_len) == 0)
            found = &keys[i];
    if (found == NULL)
        return ERR_NOT_FOUND;
    *key = PKCS11_get_private_key(found);
    return *key != NULL ? ERR_OK : failed("PKCS11_get_private_key");
}
