#include "authd/edge/settings.h"

#include "authd/wire/edge_wire.h"
#include "firmware/base/frame.h"

#define NUMBER(text, member, least, most, usual, words)                                            \
    {                                                                                              \
        .name = text, .type = CONF_NUMBER, .offset = offsetof(struct settings, member),            \
        .min = least, .max = most, .initial = usual, .meaning = words                              \
    }
#define FILE_NAME(text, member, words)                                                             \
    {                                                                                              \
        .name = text, .type = CONF_TEXT, .offset = offsetof(struct settings, member),              \
        .size = sizeof((struct settings *)0)->member, .initial = "", .meaning = words              \
    }

const struct conf_key settings_keys[] = {
    FILE_NAME("tls-key", tls_key,
              "file with the private key (PEM), not readable by others; empty: it is in the token"),
    FILE_NAME("tls-certificate", tls_certificate,
              "file with the certificate chain (PEM); empty when the key is in the token"),
    NUMBER("body-bytes", body_bytes, 1024, EDGE_BODY_MAX, "196608", "most bytes of a request body"),
    NUMBER("header-bytes", header_bytes, 32768, 262144, "49152",
           "memory for the head of a request and of its answer"),
    NUMBER("connections", connections, 1, 16384, "2048", "most connections in all"),
    NUMBER("connections-a-client", connections_a_client, 1, 16384, "512",
           "most connections from one IPv4 address or IPv6 /64 network"),
    NUMBER("requests-a-connection", requests_a_connection, 0, 1000000, "0",
           "requests after which a connection is closed; 0: any number"),
    NUMBER("handshake-seconds", handshake_seconds, 1, 60, "5", "for the TLS handshake"),
    NUMBER("request-deadline-ms", request_deadline_ms, 100, 60000, "10000",
           "for the head of a request, and again for its body and the answer"),
    NUMBER("write-seconds", write_seconds, 1, 60, "10", "for a client to read its answer"),
    NUMBER("idle-seconds", idle_seconds, 1, 600, "30", "between an answer and the next request"),
    NUMBER("queue-bytes", queue_bytes, FRAME_MAX_BYTES, 67108864, "2097152",
           "requests of one lane that wait for core; beyond it a bare 503"),
};
const size_t settings_key_count = sizeof settings_keys / sizeof *settings_keys;
