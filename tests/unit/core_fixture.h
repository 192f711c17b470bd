#pragma once

#include "authd/core/core.h"
#include "authd/core/request.h"
#include "tests/unit/ledger_fixture.h"

/* Requests as they stand in a lane of core, and what they need of it, for the tests. Failures end
 * the test. */

/* A core with settings, a real ledger and its journal. */
struct core_box {
    struct ledger_box store;
    struct core core;
};
/* ${settings} as the lines of the section [core]. */
void core_fixture_make(struct core_box *box, const char *settings);
void core_fixture_remove(struct core_box *box);
/* The box's programs start again: what is durable is read back, and the epoch is another. */
void core_fixture_restart(struct core_box *box);
struct settings core_fixture_settings(const char *text);

/* An empty request in memory of its own. */
struct request *core_fixture_request(void);
void core_fixture_free(struct request *request);
/* As it is when ${programme} asks about person number ${person}: signature verified, person found.
 */
struct request *core_fixture_about(const char *programme, unsigned person, const char *transaction);
/* A person with a phone, an e-mail address and nothing locked. */
struct identity *core_fixture_identity(unsigned person);

void core_fixture_text(struct text_field *field, const char *text);
/* The codes of all errors of ${request}, separated by spaces. */
const char *core_fixture_codes(const struct request *request);

/* A code is asked for; its six digits, or an empty text when it was refused with ${codes}. */
struct core_code {
    char text[7];
    char codes[64];
};
struct core_code core_fixture_ask(struct core_box *box, const char *programme, unsigned person,
                                  const char *transaction);
/* A code is presented: the codes of the refusal, "" when it is accepted. */
const char *core_fixture_guess(struct core_box *box, const char *programme, unsigned person,
                               const char *transaction, const char *code);
/* Another code than this one. */
struct core_code core_fixture_wrong(const struct core_code *code);
