#pragma once

#include "authd/match/demographic.h"

/* A request's demographics and a person they are about. */
struct payload *sample_payload(void); /* empty, one for all */
/* ${language} NULL: without one. */
void sample_send(const char *name, const char *language, const char *value);

/* Everything stored in three languages, a postal code in none. */
const struct identity *sample_person(void);

/* "IDA-DEA-001 name in fra, IDA-MLC-009 dob"; "" when passed. */
const char *sample_text(const struct demographic_verdict *verdict);
