#pragma once

/*
 * Serves HTTPS on a port of 127.0.0.1 that the kernel picks and that is written to ${told} (an
 * unsigned), until ${life} is closed by the other side; its certificate is written to ${path}
 * before. POST /BODY/SIGNATURE: takes a body, answers BODY bytes and a header response-signature of
 * SIGNATURE bytes. Returns an exit status.
 */
int echo_server_run(const char *path, int told, int life);
