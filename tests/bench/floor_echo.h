#pragma once

#include "tests/bench/floor.h"

/*
 * A minimal server on libmicrohttpd in a process of its own, with the appliance's cipher suites: it
 * takes the body and answers as many bytes as the appliance does.
 */
struct floor_echo;
MUST_CHECK enum err floor_echo_open(struct floor_echo **echo, const struct floor_options *options);
void floor_echo_close(struct floor_echo *echo);
/* Calls it for a while over as many connections as the load has; fills echo. */
MUST_CHECK enum err floor_echo_measure(struct floor_echo *echo, struct floor_parts *parts);
