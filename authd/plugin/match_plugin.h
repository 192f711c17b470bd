#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * The contract between the appliance and a vendor's biometric matcher. The matcher is a shared
 * library that exports one object, `match_plugin`. It is loaded into a process of its own,
 * authd-plugin(8), one for each lane; this header needs nothing but a C99 compiler.
 *
 * Order of calls: init once, describe once, then extract, quality and compare in any order, each
 * for one thing at a time and from one thread; close before a clean end, which need not come: the
 * process may be killed at any moment. No function is called before init succeeded, but init.
 *
 * Inside init the library may read files (its models) and take memory. From its return on it has
 * neither files nor network, threads, child processes, signals or new executable memory: an attempt
 * to open a file fails with EACCES, most others end the process. The address space is limited
 * ([plugin] memory-mib). What init left open is closed. Threads and child processes cannot be made
 * in init either. Nothing may be written to standard output or error.
 *
 * A call that outlasts [plugin] deadline-ms ends the process, and so does a crash; the question is
 * then answered as a technical failure, and another process takes the next one. After a call that
 * gave MATCH_PLUGIN_FAILED, or broke this contract, the process is replaced too.
 *
 * Memory belongs to who made it: what is passed in is the caller's and good for the time of the
 * call only. Records and templates are of people: between two calls the library keeps nothing of
 * them, neither in memory of its own nor in memory that it returned to the allocator.
 */
#define MATCH_PLUGIN_ABI_VERSION 1u
#define MATCH_PLUGIN_SYMBOL      "match_plugin"

#define MATCH_PLUGIN_NAME_SIZE    20u    /* with the final zero */
#define MATCH_PLUGIN_VERSION_SIZE 12u    /* with the final zero */
#define MATCH_PLUGIN_TEMPLATE_MAX 16384u /* bytes of a template */
#define MATCH_PLUGIN_QUALITY_MAX  100u
#define MATCH_PLUGIN_SCORE_MAX    20000u

/* What a function returns. */
enum {
    MATCH_PLUGIN_OK = 0,
    MATCH_PLUGIN_NO_TEMPLATE = 1, /* extract, quality: this image does not give one */
    MATCH_PLUGIN_FAILED = 2       /* a technical failure */
};

enum { MATCH_PLUGIN_FINGER = 0, MATCH_PLUGIN_IRIS = 1, MATCH_PLUGIN_FACE = 2 };

/* Formats of image records: ISO/IEC 19794, part and year. */
enum {
    MATCH_PLUGIN_ISO_19794_4_2005 = 1, /* finger */
    MATCH_PLUGIN_ISO_19794_4_2011 = 2,
    MATCH_PLUGIN_ISO_19794_5_2005 = 3, /* face */
    MATCH_PLUGIN_ISO_19794_5_2011 = 4,
    MATCH_PLUGIN_ISO_19794_6_2005 = 5, /* iris */
    MATCH_PLUGIN_ISO_19794_6_2011 = 6
};

/* Visible ASCII, without spaces. Templates are stored under both: of another name or version they
 * are never compared. */
struct match_plugin_description {
    char name[MATCH_PLUGIN_NAME_SIZE];
    char version[MATCH_PLUGIN_VERSION_SIZE];
    uint32_t modalities; /* 1u << MATCH_PLUGIN_FINGER, and so on: at least one */
};

/* A whole record as a capture device sent it. Its header and lengths were checked, its images were
 * not: they are hostile. */
struct match_plugin_image {
    uint32_t modality;
    uint32_t format;
    uint32_t position; /* finger: 0 unknown, 1 right thumb ... 5 right little finger, 6 left thumb
                          ... 10; iris: 0 unknown, 1 right, 2 left; face: 0 */
    uint32_t reserved; /* 0 */
    const uint8_t *data;
    size_t length; /* at least 1 */
};

/* What extract made, as it was stored. */
struct match_plugin_template {
    uint32_t modality;
    uint32_t position; /* as in struct match_plugin_image */
    const uint8_t *data;
    size_t length; /* 1 to MATCH_PLUGIN_TEMPLATE_MAX */
};

/* Where extract writes: ${capacity} bytes and not one more. */
struct match_plugin_output {
    uint8_t *data;
    size_t capacity; /* MATCH_PLUGIN_TEMPLATE_MAX */
    size_t length;   /* set by extract: 1 to capacity */
};

struct match_plugin {
    uint32_t abi_version; /* MATCH_PLUGIN_ABI_VERSION: read first, and nothing else of another */
    uint32_t table_bytes; /* sizeof(struct match_plugin) */

    /*
     * ${settings} is the line `settings` of [plugin], ${length} bytes and a final zero: its meaning
     * is the vendor's. *instance is handed to every other function; it may be NULL.
     */
    int (*init)(const char *settings, size_t length, void **instance);

    int (*describe)(void *instance, struct match_plugin_description *description);

    /* The template of the best image in the record. */
    int (*extract)(void *instance, const struct match_plugin_image *image,
                   struct match_plugin_output *output);

    /* How well the record serves for enrolment: 0 worst to MATCH_PLUGIN_QUALITY_MAX. */
    int (*quality)(void *instance, const struct match_plugin_image *image, uint32_t *quality);

    /*
     * Both are of one modality. *score: 1000 * -log10 of the share of comparisons of different
     * people whose score is at least as high, 0 to MATCH_PLUGIN_SCORE_MAX: 3000 is one in a
     * thousand. The vendor has measured it and answers for it: policies compare it with their
     * thresholds as it is.
     */
    int (*compare)(void *instance, const struct match_plugin_template *one,
                   const struct match_plugin_template *other, uint32_t *score);

    void (*close)(void *instance);
};

#ifdef __cplusplus
extern "C"
#else
extern
#endif
    const struct match_plugin match_plugin;
