#pragma once

#include "firmware/base/bytes.h"

#define BIR_SAMPLE_SIZE (64u * 1024u)

/*
 * A person's document as MOSIP's registration writes it: a right index finger's minutiae, a left
 * iris's image, a face's image, and a left thumb that could not be captured.
 */
#define BIR_SAMPLE_RECORDS 4
struct bytes bir_sample(char *text, size_t size);

/* The document with the first ${old} changed to ${new}; ends the test when there is none. */
struct bytes bir_sample_changed(const char *old, const char *new, char *text, size_t size);

/* The data of the first and of the second record. */
struct bytes bir_sample_minutiae(uint8_t *memory, size_t size);
struct bytes bir_sample_iris(void);
