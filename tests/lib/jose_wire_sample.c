#include <string.h>

#include "tests/lib/jose_wire_sample.h"
#include "tests/lib/wire_sample.h"

#define SECONDS_MS 1705314030000

static struct bytes view(const char *text) {
    return bytes_of_text(text);
}

struct edge_request jose_wire_sample_question(void) {
    return (struct edge_request){.method = EDGE_POST,
                                 .profile = EDGE_PROFILE_JOSE,
                                 .path = view("/v1/authentications"),
                                 .media = EDGE_MEDIA_JOSE,
                                 .body = view("header.payload.signature")};
}

static struct jose_block sample_block(void) {
    struct jose_block block = {.protected_header = view("eyJhbGciOiJFQ0RILUVTIn0"),
                               .party_u = view("Alice"),
                               .party_v = view("Bob"),
                               .ciphertext = view("ciphertext")};
    memset(block.kid, 1, sizeof block.kid);
    memset(block.x, 2, sizeof block.x);
    memset(block.y, 3, sizeof block.y);
    memset(block.iv, 4, sizeof block.iv);
    memset(block.tag, 5, sizeof block.tag);
    return block;
}

struct jose_request jose_wire_sample_request(enum envelope_function function) {
    struct jose_request request = {.shape = JOSE_READ,
                                   .function = function,
                                   .is_signed = true,
                                   .signed_len = 400,
                                   .issuer = "tayssir",
                                   .audience = "https://127.0.0.1:8444",
                                   .api_key = "key-1",
                                   .transaction = "1234567890",
                                   .issued_ms = SECONDS_MS,
                                   .consent = function != FUNCTION_OTP,
                                   .channel_phone = function == FUNCTION_OTP,
                                   .sealed = sample_block()};
    memset(request.kid, 6, sizeof request.kid);
    memset(request.signature, 7, sizeof request.signature);
    memset(request.binding, 8, sizeof request.binding);
    if (function != FUNCTION_KYC)
        return request;
    request.attribute_count = 2;
    memcpy(request.attributes[0], "name", 5);
    memcpy(request.attributes[1], "age_over_18", 12);
    memcpy(request.lives_in_part, "province", 9);
    memcpy(request.lives_in_value, "Taroudant", 10);
    return request;
}

struct jose_sealed_question jose_wire_sample_sealed_question(void) {
    struct jose_block block = sample_block();
    struct jose_sealed_question question = {.protected_header = block.protected_header,
                                            .ciphertext = block.ciphertext};
    memset(question.content_key, 9, sizeof question.content_key);
    memcpy(question.iv, block.iv, sizeof question.iv);
    memcpy(question.tag, block.tag, sizeof question.tag);
    return question;
}

struct jose_sealed jose_wire_sample_sealed(void) {
    struct jose_sealed sealed = {.opened = true,
                                 .well_formed = true,
                                 .audience = "https://127.0.0.1:8444",
                                 .issuer = "tayssir",
                                 .transaction = "1234567890",
                                 .captured_ms = SECONDS_MS,
                                 .nonce = "0123456789-_abcdefghij",
                                 .device = "counter 4",
                                 .individual_id = "5938714605",
                                 .individual_id_type = "UIN"};
    struct payload factors = wire_sample_payload();
    sealed.payload.has_otp = factors.has_otp;
    sealed.payload.otp_well_formed = factors.otp_well_formed;
    memcpy(sealed.payload.otp, factors.otp, sizeof factors.otp);
    sealed.payload.has_demographics = factors.has_demographics;
    sealed.payload.demographic_count = factors.demographic_count;
    memcpy(sealed.payload.demographics, factors.demographics, sizeof factors.demographics);
    return sealed;
}
