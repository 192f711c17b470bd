#pragma once

/*
 * The service manager's readiness protocol, as sd_notify(3) describes it: datagrams to the socket
 * that NOTIFY_SOCKET names. Opened before confinement; -1 when there is none.
 */
int notice_open(void);
void notice_send(int fd, const char *text);
