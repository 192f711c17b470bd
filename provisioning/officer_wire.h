#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/base/boot.h"
#include "firmware/base/bytes.h"
#include "firmware/base/err.h"
#include "firmware/base/frame.h"
#include "authd/store/enrolled.h"
#include "authd/store/identity.h"
#include "authd/store/jose_client.h"
#include "authd/store/photo.h"
#include "authd/store/programme.h"
#include "authd/store/registry.h"
#include "authd/store/registry_pepper.h"
#include "authd/store/registry_roll.h"

/*
 * officer ↔ provd, over <run-directory>/officer.sock: one question at a time, one answer to each.
 * The reader and the writer of each message live in one file. Readers recognise the whole payload,
 * with every enumeration in its range, or refuse; what the fields mean provd judges afterwards.
 */
#define OFFICER_SOCKET_NAME     "officer.sock"
#define OFFICER_DOMAIN_SIZE     32
#define OFFICER_CERTIFICATE_MAX 16384
#define OFFICER_KEY_SIZE        128 /* of an API or licence key, with the final zero */
#define OFFICER_DETAIL_SIZE     160
#define OFFICER_PEM_MAX         8192
#define OFFICER_ROOTS_MAX       24576 /* certificates of all roots in sight */
#define OFFICER_JWKS_MAX        65536
#define OFFICER_PEOPLE_MAX      64 /* in one question */
#define OFFICER_VIDS_MAX        8  /* of one person */
#define OFFICER_VID_SIZE        17
#define OFFICER_HOTLIST_ID_SIZE 768 /* a device is its serial number, make and model */
#define OFFICER_PERSON_MAX      (IDENTITY_PLAIN_MAX + PHOTO_BYTES_MAX + 1024) /* encoded */
#define OFFICER_PART_SIZE       20 /* "Right MiddleFinger" */
/* Biometric records of one person, encoded: with them the largest person fills a frame. */
#define OFFICER_RECORDS_MAX  ENROLLED_MAX
#define OFFICER_RECORD_BYTES (FRAME_PAYLOAD_MAX - OFFICER_PERSON_MAX - 8)

enum officer_verb {
    OFFICER_KEY_INITIALISE = 602, /* no payload */
    OFFICER_KEY_LIST = 604,       /* no payload; answered with struct officer_publication */
    OFFICER_TRUST_ADD = 606,
    OFFICER_PARTNER_ADD = 608,
    OFFICER_PARTNER_STATUS = 610,
    OFFICER_POLICY_ADD = 612,
    OFFICER_API_KEY_ADD = 614,
    OFFICER_MISP_ADD = 616,
    OFFICER_PEOPLE_PUT = 618,
    OFFICER_STATUS = 620, /* no payload; answered with struct officer_box */
    OFFICER_PARTNER_JOSE = 622,
    OFFICER_PARTNER_JOSE_REMOVE = 624,
    OFFICER_PARTNER_JOSE_SHOW = 626, /* answered with struct officer_jose_shown */
    OFFICER_HOTLIST = 640,
    OFFICER_HOTLIST_VID = 642,
    OFFICER_KEY_LIFE = 650,    /* officer_wire_keys.h */
    OFFICER_KEY_ORDER = 652,   /* officer_wire_keys.h */
    OFFICER_KEY_USAGE = 654,   /* officer_wire_usage.h */
    OFFICER_ROOT = 656,        /* officer_wire_roots.h */
    OFFICER_TLS_REQUEST = 670, /* officer_wire_tls.h */
    OFFICER_TLS_INSTALL = 672,
    OFFICER_TLS_REMOVE = 674,
    OFFICER_TLS_SHOW = 676,    /* no payload; answered with struct officer_tls_shown */
    OFFICER_CERTIFICATE = 680, /* officer_wire_certificate.h */
    OFFICER_TRUST_LIST = 682,  /* officer_wire_trust.h */
    OFFICER_TRUST_REMOVE = 684,
    OFFICER_TURNED_AWAY = 691, /* provd's first and last word: an outcome that says why */
};

/* Why provd refuses. The officer's program has a text for each, in each language. */
enum officer_reason {
    OFFICER_REASON_NONE,
    OFFICER_REASON_STATE,       /* not in this state of the box; detail: the state */
    OFFICER_REASON_NO_KEYS,     /* `officer key initialise` comes first */
    OFFICER_REASON_CORE,        /* core cannot record the change now */
    OFFICER_REASON_SIGNER,      /* no signer answers */
    OFFICER_REASON_TOKEN,       /* the signer refused; detail: its error */
    OFFICER_REASON_ROOTS,       /* the token does not open the registry's record keys */
    OFFICER_REASON_UNSEAL,      /* nobody reads certificates now */
    OFFICER_REASON_REGISTRY,    /* the registry could not be read or written; detail: its error */
    OFFICER_REASON_VALUE,       /* detail: which field is wrong */
    OFFICER_REASON_UNKNOWN,     /* detail: the field that names something not registered */
    OFFICER_REASON_CERTIFICATE, /* not a certificate provd can read */
    OFFICER_REASON_CERTIFICATE_EXPIRED,
    OFFICER_REASON_CERTIFICATE_UNTRUSTED,     /* no path to an anchor of its trust domain */
    OFFICER_REASON_CERTIFICATE_WEAK,          /* its key or hash is too weak */
    OFFICER_REASON_CERTIFICATE_NOT_AUTHORITY, /* an anchor must be a CA */
    OFFICER_REASON_ANCHORS_FULL,              /* the trust domain has all the anchors it can have */
    OFFICER_REASON_PERSON,    /* count: which of the batch, from 0; detail: the field */
    OFFICER_REASON_VID_TAKEN, /* count: which of the batch; the VID is another person's */
    OFFICER_REASON_TWICE, /* count: which of the batch repeats an identifier; detail: the field */
    OFFICER_REASON_CERTIFICATE_NOT_P256, /* detail: "tls:RSA-2048" */
    OFFICER_REASON_KEY_TWICE,            /* detail: "signature/encryption", one key */
    OFFICER_REASON_KEY_TAKEN,            /* detail: "tls:asd", whose it is */
    OFFICER_REASON_CLIENTS_FULL,         /* as many programmes have JOSE keys as can have */
    /* Biometric records; count: whose of the batch; detail: which record and what of it */
    OFFICER_REASON_RECORD,        /* "Right Thumb[0]: bad-minutia (iso-19794-2-2005)" */
    OFFICER_REASON_RECORD_FORMAT, /* the same, of a format that is not accepted */
    OFFICER_REASON_RECORD_IMAGE,  /* an image, and no plug-in makes templates of such */
    OFFICER_REASON_RECORD_PLUGIN, /* the plug-in makes no template of this image */
    OFFICER_REASON_RECORD_MANY,   /* more than can be enrolled; detail: of what */
    OFFICER_REASON_DOCUMENT,      /* not the CBEFF document it should be; detail: where */
    OFFICER_REASON_PLUGIN,        /* the plug-in does not answer */
    OFFICER_REASON_CEILING,       /* of a policy; detail: its arithmetic */
    OFFICER_REASON_RATE,          /* of a policy; detail: the modality and the least rate claimed */
    OFFICER_REASON_KEY_STATE,     /* not with a key in this state; detail: the state, or "none" */
    OFFICER_REASON_KEY_NEEDED,    /* rows depend on it, or new ones will */
    OFFICER_REASON_KEY_SUCCESSOR, /* its successor cannot take over yet, and was asked for */
    OFFICER_REASON_KEY_USED,      /* programmes would be refused; detail: who, and their shares */
    OFFICER_REASON_KEY_UNCOUNTED, /* nobody knows yet who would be; detail: why */
    OFFICER_REASON_CUSTODY_PURPOSE, /* its keys never leave the token; detail: the purpose */
    OFFICER_REASON_CUSTODY_MEMORY,  /* the signer cannot lock its memory */
    OFFICER_REASON_CUSTODY_TOKEN,   /* the token makes no keys of this kind */
    OFFICER_REASON_ROOT_STATE,      /* not while a roll of the root is as the detail says */
    OFFICER_REASON_ROOT_LEFT,       /* detail: how many rows are of older roots still */
    OFFICER_REASON_ROOT_FIRST,      /* the first root stays: the box has no state root */
    OFFICER_REASON_ROOTS_FULL,      /* as many roots as there can be */
    OFFICER_REASON_ROOT_NONE,       /* no older root of that generation */
    OFFICER_REASON_PURPOSE,         /* no purpose of keys; detail: what was given */
    OFFICER_REASON_TLS_NONE,   /* no such TLS key, or it is over, or has nothing of officers' */
    OFFICER_REASON_TLS_KEY,    /* the leaf is of no TLS key of the box */
    OFFICER_REASON_TLS_SERVER, /* the leaf is not for a server */
    OFFICER_REASON_TLS_ISSUER, /* detail: "#2", which has not issued the one before it */
    OFFICER_REASON_TLS_PATH,   /* an authority may not issue such a leaf */
    OFFICER_REASON_TLS_NAME,   /* detail: a name of the box that the leaf lacks */
    OFFICER_REASON_REQUEST,    /* not a request for a certificate (PKCS#10) */
    OFFICER_REASON_REQUEST_UNSIGNED, /* it is not signed by the key that it is for */
    OFFICER_REASON_REQUEST_KEY,      /* no key for such a certificate; detail: "RSA-1024" */
    OFFICER_REASON_ISSUE_UNKNOWN,    /* no such programme; detail: its id */
    OFFICER_REASON_NO_AUTHORITY,     /* the box has no key of its CA yet */
    OFFICER_REASON_AUTHORITY_ENDS,   /* the CA's own certificate ends before this one would */
    OFFICER_REASON_ISSUED_MANY,      /* too many certificates in this minute */
    OFFICER_REASON_REPLACES,         /* one is registered; detail: whose */
    OFFICER_REASON_ANCHOR_NONE,      /* no such authority; detail: the trust domain */
    OFFICER_REASON_NO_OFFICER,       /* whoever connected is none */
    OFFICER_REASON_PLACES,           /* as many officers are connected as can be */
    OFFICER_REASON_COUNT
};

/* A word for the log, such as "vid-taken". */
const char *officer_wire_reason_text(enum officer_reason reason);

/* Every answer begins with this. */
struct officer_outcome {
    enum err status; /* ERR_OK: done and durable. Anything else: nothing has changed */
    enum officer_reason reason;
    uint32_t count; /* how many: keys made, people written; else the index named by the reason */
    char detail[OFFICER_DETAIL_SIZE]; /* printable ASCII, "" when there is none */
};

struct officer_trust {
    char domain[OFFICER_DOMAIN_SIZE]; /* "AUTH" */
    struct bytes certificate;         /* of a CA, PEM or DER; a view of the frame */
};

struct officer_partner {
    char id[PROGRAMME_ID_SIZE];
    char name[PROGRAMME_NAME_SIZE];
    enum programme_status status;
    struct bytes certificate; /* PEM or DER; a view of the frame */
};

struct officer_partner_status {
    char id[PROGRAMME_ID_SIZE];
    enum programme_status status;
};

/* The certificates of a programme for the JOSE profile, PEM or DER; views of the frame. */
struct officer_jose {
    char id[PROGRAMME_ID_SIZE];
    struct bytes tls, signature, encryption;
};
/* OFFICER_PARTNER_JOSE_REMOVE and _SHOW */
struct officer_jose_named {
    char id[PROGRAMME_ID_SIZE];
};
struct officer_jose_shown {
    struct officer_outcome outcome;
    struct jose_client client; /* when the outcome is ERR_OK */
};

/* The keys themselves are views of the frame, so that they stay in the memory it was copied to. */
struct officer_api_key {
    struct api_key row;
    struct bytes key;
};
struct officer_misp {
    struct misp row;
    struct bytes licence_key;
};

struct officer_vid {
    char vid[OFFICER_VID_SIZE];
    enum alias_type type;
    bool revoked;
    int64_t expires_ms;
    uint32_t uses;
};

/* A biometric record as the register has it. */
struct officer_record {
    char part[OFFICER_PART_SIZE]; /* MOSIP's bioSubType; "Face"; "": a CBEFF document of several */
    struct bytes data;            /* not empty; a view of the frame */
};

/* OFFICER_HOTLIST: a programme, a device or a maker of devices. */
struct officer_hotlist {
    enum hotlist_kind kind; /* not HOTLIST_PERSON */
    char id[OFFICER_HOTLIST_ID_SIZE];
    bool blocked;
    int64_t until_ms; /* 0: for good */
};

/* OFFICER_HOTLIST_VID: one VID alone; people come with their import. */
struct officer_hotlist_vid {
    char vid[OFFICER_VID_SIZE];
    bool blocked;
    int64_t until_ms; /* 0: for good */
};

/* A person as an officer brings them: the identity's token and audit salt are provd's to fill. */
struct officer_person {
    struct identity identity; /* attribute views end with the frame */
    struct bytes photo;       /* an image file, a view of the frame; empty: none */
    struct bytes records;     /* likewise, for officer_wire_take_record; empty: none */
    bool hotlisted;
    int64_t hotlisted_until_ms; /* 0: for good, or not hotlisted */
    size_t vid_count;
    struct officer_vid vids[OFFICER_VIDS_MAX];
};

struct officer_publication {
    struct officer_outcome outcome;
    struct bytes jwks, partner_pem, ida_fir_pem, sign_pem, root_pem;
    uint16_t partner_wrapped_by, ida_fir_wrapped_by, request_wrapped_by; /* generation of the KEK;
                                                                            0: in the token */
    char request_kid[44]; /* of IDCS/REQUEST; "": the box has no such key */
};

/* Of the record root; the last one, when none is under way. */
struct officer_roll {
    enum registry_roll_phase phase;
    uint16_t from, to;
    uint8_t percent; /* of this phase */
    uint64_t left;   /* rows of older roots, once that was counted */
};

/* Of the pepper; the last one, when none is under way. */
struct officer_pepper {
    enum registry_pepper_phase phase;
    uint16_t from, to;        /* generations that rows are under; 0: not known yet */
    uint8_t percent;          /* of this phase */
    uint64_t left, left_vids; /* rows not under ${to}; of them, VIDs to be imported again */
};

struct officer_box {
    struct officer_outcome outcome;
    enum box_state state;
    bool core_up, unseal_up;
    uint16_t signers_up, signers;
    uint16_t record_generation; /* the newest that is open; 0: none */
    uint64_t registry_sequence;
    uint64_t people, vids, partners, policies, api_keys, misps, anchors, salts, jose_clients,
        enrolled; /* people with biometrics */
    struct officer_roll roll;
    struct officer_pepper pepper;
    uint16_t kek_generation; /* that opens the record roots, with those after it */
};

/* Writers append to ${target} (sticky errors there). Readers: ERR_MALFORMED, ERR_TRUNCATED,
 * ERR_TOO_LARGE. */
void officer_wire_put_outcome(struct buffer *target, const struct officer_outcome *outcome);
MUST_CHECK enum err officer_wire_get_outcome(struct bytes payload, struct officer_outcome *outcome);
void officer_wire_put_trust(struct buffer *target, const struct officer_trust *question);
MUST_CHECK enum err officer_wire_get_trust(struct bytes payload, struct officer_trust *question);
void officer_wire_put_partner(struct buffer *target, const struct officer_partner *question);
MUST_CHECK enum err officer_wire_get_partner(struct bytes payload,
                                             struct officer_partner *question);
void officer_wire_put_partner_status(struct buffer *target,
                                     const struct officer_partner_status *question);
MUST_CHECK enum err officer_wire_get_partner_status(struct bytes payload,
                                                    struct officer_partner_status *question);
void officer_wire_put_jose(struct buffer *target, const struct officer_jose *question);
MUST_CHECK enum err officer_wire_get_jose(struct bytes payload, struct officer_jose *question);
void officer_wire_put_jose_named(struct buffer *target, const struct officer_jose_named *question);
MUST_CHECK enum err officer_wire_get_jose_named(struct bytes payload,
                                                struct officer_jose_named *question);
void officer_wire_put_jose_shown(struct buffer *target, const struct officer_jose_shown *answer);
MUST_CHECK enum err officer_wire_get_jose_shown(struct bytes payload,
                                                struct officer_jose_shown *answer);
void officer_wire_put_policy(struct buffer *target, const struct policy *question);
MUST_CHECK enum err officer_wire_get_policy(struct bytes payload, struct policy *question);
void officer_wire_put_api_key(struct buffer *target, const struct officer_api_key *question);
MUST_CHECK enum err officer_wire_get_api_key(struct bytes payload,
                                             struct officer_api_key *question);
void officer_wire_put_misp(struct buffer *target, const struct officer_misp *question);
MUST_CHECK enum err officer_wire_get_misp(struct bytes payload, struct officer_misp *question);
void officer_wire_put_publication(struct buffer *target, const struct officer_publication *answer);
MUST_CHECK enum err officer_wire_get_publication(struct bytes payload,
                                                 struct officer_publication *answer);
void officer_wire_put_box(struct buffer *target, const struct officer_box *answer);
MUST_CHECK enum err officer_wire_get_box(struct bytes payload, struct officer_box *answer);

void officer_wire_put_hotlist(struct buffer *target, const struct officer_hotlist *question);
MUST_CHECK enum err officer_wire_get_hotlist(struct bytes payload,
                                             struct officer_hotlist *question);
void officer_wire_put_hotlist_vid(struct buffer *target,
                                  const struct officer_hotlist_vid *question);
MUST_CHECK enum err officer_wire_get_hotlist_vid(struct bytes payload,
                                                 struct officer_hotlist_vid *question);

/*
 * PEOPLE_PUT is people one after another, up to OFFICER_PEOPLE_MAX. ERR_FULL: this person does not
 * fit into what is left of ${people}; ERR_TOO_LARGE: nor into a frame of their own. Nothing was
 * added then.
 */
MUST_CHECK enum err officer_wire_add_person(struct buffer *people,
                                            const struct officer_person *person);
/* Takes the next one. The list ends when ${people}->left is 0. */
MUST_CHECK enum err officer_wire_take_person(struct cursor *people, struct officer_person *person);

/* Whose the record is: MOSIP's name of a finger, "Left" or "Right" for an iris, "Face".
 * ERR_NOT_FOUND: none of these. */
MUST_CHECK enum err officer_wire_part(const char *part, enum biometric_modality *modality,
                                      uint8_t *position);
/* The records of a person, up to OFFICER_RECORDS_MAX and OFFICER_RECORD_BYTES. The list ends when
 * ${records}->left is 0. */
void officer_wire_put_record(struct buffer *records, const struct officer_record *record);
MUST_CHECK enum err officer_wire_take_record(struct cursor *records, struct officer_record *record);
