#pragma once

#include <stdbool.h>

/* What became of one attempt to hand a message to a gateway or a mail server. */
enum attempt_outcome {
    ATTEMPT_ACCEPTED,
    ATTEMPT_REFUSED,  /* an answer, and no: this message or our name is not taken */
    ATTEMPT_FAULT,    /* an answer, and no: the gateway is in trouble */
    ATTEMPT_NOT_SENT, /* nothing of the message has left */
    ATTEMPT_UNKNOWN,  /* some of it has, and no answer came: it may have been taken */
};

/* As seen from here. */
struct attempt_facts {
    bool mail;     /* by SMTP, else by HTTP */
    bool finished; /* the whole exchange, to its end */
    bool wrote;    /* a byte of the request (HTTP) or of the message (SMTP) has left */
    long status;   /* the last status code; 0: none came */
};

/*
 * Kannel says 202 when a message is its own, 4xx to a message or user it does not take, 5xx when it
 * cannot; a proxy before it says 502 or 504 when it does not know. Any other status is nobody's we
 * know, so it is not taken for a no.
 */
enum attempt_outcome attempt_judge(const struct attempt_facts *facts);

/* No message leaves twice: only one that was certainly not taken may go another way. */
bool attempt_may_be_repeated(enum attempt_outcome outcome);

/* A word for the log. */
const char *attempt_text(enum attempt_outcome outcome);
