#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/kv.h"
#include "firmware/base/secret.h"
#include "authd/store/alias.h"
#include "authd/store/enrolled.h"
#include "authd/store/identity.h"
#include "authd/store/jose_client.h"
#include "authd/store/photo.h"
#include "authd/store/programme.h"
#include "authd/store/record.h"

/*
 * The registry environment: people and programmes. provd is its one writer, core reads. Every row
 * but the wrapped roots and those of REGISTRY_META is sealed; core logs and refuses what does not
 * open.
 */
enum registry_table {
    REGISTRY_META, /* "sequence" → u64 commit count; "format" → u16; "roll" → registry_roll.h;
                      "pepper" → registry_pepper.h; "kek" → registry_wrapping.h */
    REGISTRY_ROOTS,      /* generation u16 → wrapped root */
    REGISTRY_IDENTITIES, /* person key → struct identity */
    REGISTRY_ALIASES, /* lookup key → struct alias, of a VID, or of a UIN under a younger pepper */
    REGISTRY_PARTNERS,     /* BLAKE2b(partner id) */
    REGISTRY_API_KEYS,     /* BLAKE2b(partner id ‖ 0 ‖ API key) */
    REGISTRY_POLICIES,     /* BLAKE2b(policy id) */
    REGISTRY_MISPS,        /* BLAKE2b(licence key) */
    REGISTRY_TRUST,        /* domain ‖ 0 ‖ thumbprint → anchor certificate, DER */
    REGISTRY_SALTS,        /* modulo u16 → text */
    REGISTRY_SETTINGS,     /* "national" → struct national */
    REGISTRY_HOTLIST,      /* BLAKE2b(kind ‖ 0 ‖ id, or lookup key) → struct hotlist_entry */
    REGISTRY_BY_PHONE,     /* keyed hash of the phone → lookup key; for SMS commands */
    REGISTRY_BY_NAME,      /* keyed hash of name and birth date → lookup key; for recovery */
    REGISTRY_PHOTOS,       /* lookup key → image, of a UIN; apart, so that only eKYC reads it */
    REGISTRY_JOSE_CLIENTS, /* BLAKE2b(partner id) → struct jose_client */
    REGISTRY_BIOMETRICS,   /* lookup key → struct enrolled, of a UIN */
    REGISTRY_TABLE_COUNT
};
extern const char *const registry_tables[REGISTRY_TABLE_COUNT];

struct registry;
/*
 * ERR_NOT_FOUND: a reader came before the writer has made the files. ERR_CORRUPT: a format this
 * version does not know (logged). The files are for the writer's group to read.
 * ${record_keys} stay the caller's and may gain generations later.
 */
MUST_CHECK enum err registry_open(struct registry **registry, const char *directory, bool writer,
                                  const struct record_keys *record_keys);
void registry_close(struct registry *registry);
struct kv *registry_kv(struct registry *registry);
MUST_CHECK enum err registry_sequence(struct registry *registry, uint64_t *sequence);

/* Wrapped roots, for whoever opens them with the signer. ${each} as in kv_each. */
MUST_CHECK enum err registry_each_root(struct registry *registry,
                                       enum err (*each)(void *context, uint16_t generation,
                                                        struct bytes wrapped),
                                       void *context);

/*
 * Readers: one short transaction each, the row opened and decoded. ERR_NOT_FOUND: no such row.
 * ERR_CORRUPT: the row is damaged; ERR_UNAVAILABLE: its generation is not open in this process.
 * Both have been logged with table, abbreviated key and generation. Thread-safe.
 */
MUST_CHECK enum err registry_identity(struct registry *registry,
                                      const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                                      struct identity **identity);
/* The person's photo, in secret memory made here. ERR_NOT_FOUND: the register sent none. */
MUST_CHECK enum err registry_photo(struct registry *registry,
                                   const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                                   struct secret *photo);
/*
 * What the person has enrolled, in secret memory made here, to be read by enrolled_decode; its
 * version is the row's. ERR_NOT_FOUND: nothing.
 */
MUST_CHECK enum err registry_biometrics(struct registry *registry,
                                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                                        struct secret *plain);
/*
 * Where the row about an identifier may be: under its lookup key of each pepper in use. A row moves
 * to another key in one transaction, and a reader sees one state: she is found once.
 */
struct registry_address {
    uint8_t lookup_key[IDENTITY_LOOKUP_BYTES];
};
/* The alias of a VID. What is found there of another type is not found. */
MUST_CHECK enum err registry_find_alias(struct registry *registry,
                                        const struct registry_address *addresses, size_t count,
                                        struct alias *alias);
/*
 * The person key of a UIN: that of its ALIAS_UIN, or the address under which there is an identity.
 * A person is never taken out, so that registry_identity finds her by it.
 */
MUST_CHECK enum err registry_find_person(struct registry *registry,
                                         const struct registry_address *addresses, size_t count,
                                         uint8_t person_key[static IDENTITY_LOOKUP_BYTES]);
/* Of the people whose rows can be read, the first. ERR_NOT_FOUND: there is nobody. */
struct registry_person {
    uint8_t person_key[IDENTITY_LOOKUP_BYTES];
    char uin[IDENTITY_UIN_SIZE];
};
MUST_CHECK enum err registry_first_person(struct registry *registry,
                                          struct registry_person *person);
/* The row under this key alone, of whatever type. */
MUST_CHECK enum err registry_alias(struct registry *registry,
                                   const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                                   struct alias *alias);
MUST_CHECK enum err registry_partner(struct registry *registry, const char *partner_id,
                                     struct partner *partner);
MUST_CHECK enum err registry_api_key(struct registry *registry, const char *partner_id,
                                     const char *api_key, struct api_key *row);
MUST_CHECK enum err registry_policy(struct registry *registry, const char *policy_id,
                                    struct policy *policy);
MUST_CHECK enum err registry_misp(struct registry *registry, const char *licence_key,
                                  struct misp *misp);
MUST_CHECK enum err registry_salt(struct registry *registry, unsigned modulo,
                                  char salt[static SALT_SIZE]);
MUST_CHECK enum err registry_national(struct registry *registry, struct national *national);
enum hotlist_kind { HOTLIST_PERSON, HOTLIST_PARTNER, HOTLIST_DEVICE, HOTLIST_DEVICE_PROVIDER };
/* ${blocked} is true while an entry blocks at ${now_ms} (blocked *until* its expiry, §9.2). */
MUST_CHECK enum err registry_hotlisted(struct registry *registry, enum hotlist_kind kind,
                                       struct bytes id, int64_t now_ms, bool *blocked);
/*
 * The same of a person, by any of ${ids}: her person key, and for a VID its alias id and, as older
 * entries have it, its lookup keys. One transaction: an entry that moves from one of them to
 * another is seen.
 */
MUST_CHECK enum err registry_person_hotlisted(struct registry *registry, const struct bytes *ids,
                                              size_t id_count, int64_t now_ms, bool *blocked);
/*
 * Anchors of a trust domain ("AUTH"), copied into ${memory}. ERR_FULL when there are more than
 * ${most}: none is left out in silence.
 */
MUST_CHECK enum err registry_anchors(struct registry *registry, const char *domain,
                                     struct buffer *memory, struct bytes *anchors, size_t most,
                                     size_t *count);

/* What ${partner_id} has registered for the JOSE profile; ERR_NOT_FOUND: nothing. */
MUST_CHECK enum err registry_jose_client(struct registry *registry, const char *partner_id,
                                         struct jose_client *client);
/*
 * Calls ${each} for every such client, in one transaction, until it returns not ERR_OK. A damaged
 * row is logged and left out: it shuts out one programme, not all. ERR_UNAVAILABLE, after all the
 * others: the generation of a row is not open in this process, ask again when it is.
 */
MUST_CHECK enum err registry_each_jose_client(struct registry *registry,
                                              enum err (*each)(void *context,
                                                               const struct jose_client *client),
                                              void *context);

/*
 * Whom a phone number (as stored) or a name with birth date belongs to. What the indexes say is a
 * hint: the caller compares with the identity it then reads. ${lookup_keys} has room for ${most},
 * ERR_FULL when there are more. The name is compared without regard to ASCII case and spaces.
 */
struct registry_name {
    struct bytes full_name;
    int16_t birth_year;
    uint8_t birth_month, birth_day;
};
MUST_CHECK enum err registry_by_phone(struct registry *registry, const char *phone,
                                      uint8_t (*lookup_keys)[IDENTITY_LOOKUP_BYTES], size_t most,
                                      size_t *count);
MUST_CHECK enum err registry_by_name(struct registry *registry, const struct registry_name *name,
                                     uint8_t (*lookup_keys)[IDENTITY_LOOKUP_BYTES], size_t most,
                                     size_t *count);

/*
 * Writers (provd). Each call adds to ${batch}; registry_commit makes all of it durable in one
 * transaction and counts the sequence up.
 */
struct registry_batch {
    struct registry *registry;
    struct kv_txn txn;
    uint64_t sequence; /* of this commit, and the version of its rows */
};
/* A batch ends by registry_commit or registry_abort, in the thread that began it. */
struct registry_batch registry_begin(struct registry *registry);
void registry_put_root(struct registry_batch *batch, uint16_t generation, struct bytes wrapped);
void registry_put_identity(struct registry_batch *batch,
                           const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                           const struct identity *identity);
/* Replaces the person's photo; an empty one takes it away. What photo_check refuses sticks. */
void registry_put_photo(struct registry_batch *batch,
                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES], struct bytes photo);
/* Replaces what the person has enrolled by what enrolled_encode wrote; empty: takes it away. */
void registry_put_biometrics(struct registry_batch *batch,
                             const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                             struct bytes plain);
void registry_put_alias(struct registry_batch *batch,
                        const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES],
                        const struct alias *alias);
void registry_remove_alias(struct registry_batch *batch,
                           const uint8_t lookup_key[static IDENTITY_LOOKUP_BYTES]);
void registry_put_partner(struct registry_batch *batch, const struct partner *partner);
void registry_put_api_key(struct registry_batch *batch, const char *api_key,
                          const struct api_key *row);
void registry_put_jose_client(struct registry_batch *batch, const struct jose_client *client);
void registry_remove_jose_client(struct registry_batch *batch, const char *partner_id);
void registry_put_policy(struct registry_batch *batch, const struct policy *policy);
void registry_put_misp(struct registry_batch *batch, const char *licence_key,
                       const struct misp *misp);
void registry_put_anchor(struct registry_batch *batch, const char *domain,
                         const uint8_t thumbprint[static 32], struct bytes der);
/* One that is not there is as good as removed. */
void registry_remove_anchor(struct registry_batch *batch, const char *domain,
                            const uint8_t thumbprint[static 32]);
void registry_put_salt(struct registry_batch *batch, unsigned modulo, const char *salt);
void registry_put_national(struct registry_batch *batch, const struct national *national);
void registry_put_hotlisted(struct registry_batch *batch, enum hotlist_kind kind, struct bytes id,
                            const struct hotlist_entry *entry);
/* Gives the first error of any call on ${batch}; nothing has been written then. */
MUST_CHECK enum err registry_commit(struct registry_batch *batch, uint64_t *sequence);
void registry_abort(struct registry_batch *batch);
