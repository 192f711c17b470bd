#pragma once

#include "provisioning/officer_text.h"
#include "provisioning/officer_text_refusal.h"

/*
 * The texts, a file a subject: each gives the pair of a text of its own, NULL for any other.
 * officer_text.c asks them all; everybody else prints through officer_text.h.
 */
const struct officer_text_pair *officer_text_command_pair(enum officer_text text);
const struct officer_text_pair *officer_text_key_pair(enum officer_text text);
const struct officer_text_pair *officer_text_root_pair(enum officer_text text);
const struct officer_text_pair *officer_text_tls_pair(enum officer_text text);
const struct officer_text_pair *officer_text_registry_pair(enum officer_text text);
const struct officer_text_pair *officer_text_status_pair(enum officer_text text);
const struct officer_text_pair *officer_text_certificate_pair(enum officer_text text);
