#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authd/unseal/decode.h"
#include "authd/unseal/jose_compact.h"
#include "authd/unseal/jose_header.h"
#include "tests/unit/jose_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* RFC 7515 appendix A.3: its payload and its signature. */
#define A3_PAYLOAD                                                                                 \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl" \
    "fQ"
#define A3_SIGNATURE                                                                               \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
/* The signature's R and S as A.3.1 lists them. */
static const uint8_t a3_signature[] = {
    14,  209, 33,  83,  121, 99,  108, 72,  60,  47,  127, 21,  88,  7,   212, 2,
    163, 178, 40,  3,   58,  249, 124, 126, 23,  129, 154, 195, 22,  158, 166, 101,
    197, 10,  7,   211, 140, 60,  112, 229, 216, 241, 45,  175, 8,   74,  84,  128,
    166, 101, 144, 197, 242, 147, 80,  154, 143, 63,  127, 138, 131, 163, 84,  213};

/* RFC 7638 §3.1: the octets of the thumbprint. */
static const uint8_t rfc7638_thumbprint[] = {55,  54, 203, 177, 120, 124, 184, 48,  156, 119, 238,
                                             140, 55, 5,   197, 225, 111, 251, 158, 133, 151, 21,
                                             144, 31, 30,  76,  89,  177, 17,  130, 245, 123};

/* RFC 7516 appendix A.1: A256GCM, but with an encrypted key. */
#define A1_HEADER "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ"
#define A1_KEY                                                                                     \
    "OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcS"  \
    "r4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb" \
    "76FdIKLaVmqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdb" \
    "YaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg"
#define A1_REST                                                                                    \
    ".48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_"                        \
    "EFShS8iB7j6jiSdiwkIr3ajwQ"                                                                    \
    "zaBtQD_A.XFBoMYUZodetZdvTiFvSkQ"

static uint8_t memory[DECODE_WORKSPACE_BYTES];
static struct buffer workspace;
static char text[JOSE_SAMPLE_SIZE];
static struct jose_jws jws;
static struct jose_block block;

static enum err read_jws(const char *compact) {
    workspace = buffer_over(memory, sizeof memory);
    return jose_compact_jws(bytes_of_text(compact), &workspace, &jws);
}

static enum err read_jwe(const char *compact) {
    workspace = buffer_over(memory, sizeof memory);
    return jose_compact_jwe(bytes_of_text(compact), &workspace, &block);
}

static enum err read_jws_header(const char *name, const char *value) {
    jose_sample_jws(jose_sample_object(jose_sample_jws_header, name, value), bytes_of_text("{}"),
                    text);
    return read_jws(text);
}

static enum err read_jwe_header(const char *name, const char *value) {
    jose_sample_jwe(jose_sample_object(jose_sample_jwe_header, name, value),
                    bytes_of_text("ciphertext"), text);
    return read_jwe(text);
}

static void the_example_of_rfc_7515_is_taken_apart(void **state) {
    (void)state;
    char *dot;
    jose_sample_jws(jose_sample_object(jose_sample_jws_header, NULL, NULL), bytes_of_text("{}"),
                    text);
    dot = strchr(text, '.');
    (void)snprintf(dot, 400, ".%s.%s", A3_PAYLOAD, A3_SIGNATURE);
    assert_int_equal(read_jws(text), ERR_OK);
    assert_memory_equal(jws.signature, a3_signature, sizeof a3_signature);
    assert_int_equal(jws.signed_len, strrchr(text, '.') - text);
    assert_true(bytes_equal_text(jws.payload, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                                              "\"http://example.com/is_root\":true}"));
    /* As it stands there: no kid, no typ. */
    assert_int_equal(read_jws("eyJhbGciOiJFUzI1NiJ9." A3_PAYLOAD "." A3_SIGNATURE), ERR_MALFORMED);
}

static void a_kid_is_the_thumbprint_of_rfc_7638(void **state) {
    (void)state;
    assert_int_equal(read_jws_header(NULL, NULL), ERR_OK);
    assert_memory_equal(jws.kid, rfc7638_thumbprint, sizeof rfc7638_thumbprint);
    assert_int_equal(read_jwe_header(NULL, NULL), ERR_OK);
    assert_memory_equal(block.kid, rfc7638_thumbprint, sizeof rfc7638_thumbprint);
}

static void decode(const char *characters, uint8_t octets[static JOSE_COORDINATE_BYTES]) {
    size_t len = 0;
    assert_int_equal(codec_base64_decode(bytes_of_text(characters), CODEC_STRICT, octets,
                                         JOSE_COORDINATE_BYTES, &len),
                     ERR_OK);
    assert_int_equal(len, JOSE_COORDINATE_BYTES);
}

static void the_example_of_rfc_7518_is_read(void **state) {
    (void)state;
    uint8_t x[JOSE_COORDINATE_BYTES], y[JOSE_COORDINATE_BYTES];
    decode("gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", x);
    decode("SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps", y);
    assert_int_equal(read_jwe_header(NULL, NULL), ERR_OK);
    assert_true(bytes_equal_text(block.party_u, "Alice"));
    assert_true(bytes_equal_text(block.party_v, "Bob"));
    assert_memory_equal(block.x, x, sizeof x);
    assert_memory_equal(block.y, y, sizeof y);
    assert_true(bytes_equal_text(block.ciphertext, "ciphertext"));
    assert_int_equal(block.protected_header.len, strchr(text, '.') - text);
    assert_ptr_equal(block.protected_header.data, text);
    assert_int_equal(block.iv[11], 12);
    assert_int_equal(block.tag[15], 16);
    /* With the private part of Alice's key in it, and as it stands there: A128GCM. */
    assert_int_equal(read_jwe_header("epk",
                                     "{\"kty\":\"EC\",\"crv\":\"P-256\","
                                     "\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
                                     "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\","
                                     "\"d\":\"0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo\"}"),
                     ERR_MALFORMED);
    assert_int_equal(read_jwe_header("enc", "\"A128GCM\""), ERR_MALFORMED);
}

static void parties_are_optional_and_short(void **state) {
    (void)state;
    static const char *const names[] = {"apu", "apv"};
    char long_one[120];
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_int_equal(read_jwe_header(names[i], NULL), ERR_OK);
        assert_int_equal(i == 0 ? block.party_u.len : block.party_v.len, 0);
        assert_int_equal(read_jwe_header(names[i], "\"\""), ERR_OK);
        memset(long_one, 'A', sizeof long_one);
        long_one[0] = '"';
        memcpy(long_one + 87, "\"", 2); /* 86 characters: 64 bytes */
        assert_int_equal(read_jwe_header(names[i], long_one), ERR_OK);
        assert_int_equal(i == 0 ? block.party_u.len : block.party_v.len, JOSE_PARTY_MAX);
        memcpy(long_one + 87, "A\"", 3);
        assert_int_equal(read_jwe_header(names[i], long_one), ERR_MALFORMED);
        assert_int_equal(read_jwe_header(names[i], "7"), ERR_MALFORMED);
        assert_int_equal(read_jwe_header(names[i], "null"), ERR_MALFORMED);
        assert_int_equal(read_jwe_header(names[i], "\"Qm9j=\""), ERR_MALFORMED);
        assert_int_equal(read_jwe_header(names[i], "\"Qm9+\""), ERR_MALFORMED);
    }
}

struct change {
    const char *name, *value;
};

static void a_header_that_is_not_exactly_ours_is_refused(void **state) {
    (void)state;
    static const struct change both[] = {
        {"alg", NULL},
        {"alg", "\"none\""},
        {"alg", "\"None\""},
        {"alg", "\"\""},
        {"alg", "\"es256\""},
        {"alg", "\"ES256 \""},
        {"alg", "\"ES384\""},
        {"alg", "\"ES256K\""},
        {"alg", "\"HS256\""},
        {"alg", "\"RS256\""},
        {"alg", "\"PS256\""},
        {"alg", "\"EdDSA\""},
        {"alg", "\"dir\""},
        {"alg", "\"A256KW\""},
        {"alg", "\"RSA-OAEP\""},
        {"alg", "\"RSA-OAEP-256\""},
        {"alg", "\"ECDH-ES+A256KW\""},
        {"alg", "\"ecdh-es\""},
        {"alg", "[\"ES256\"]"},
        {"alg", "null"},
        {"crit", "[\"exp\"]"},
        {"crit", "[\"b64\"]"},
        {"crit", "[]"},
        {"crit", "null"},
        {"cri\\u0074", "[\"exp\"]"},
        {"b64", "false"},
        {"b64", "true"},
        {"zip", "\"DEF\""},
        {"zip", "null"},
        {"kid", NULL},
        {"kid", "null"},
        {"kid", "7"},
        {"kid", "\"\""},
        {"kid", "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs=\""},
        {"kid", "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xt\""}, /* unused bits */
        {"kid", "\"NzbLsXh8uDCcd+6MNwXF4W/7noWXFZAfHkxZsRGC9Xs\""},
        {"kid", "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Q\""},   /* 31 bytes */
        {"kid", "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9XsA\""}, /* 33 bytes */
        {"kid", "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\\n\""},
        {"kid", "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\",\"kid\":\"a\""},
    };
    static const struct change signed_ones[] = {
        {"typ", NULL},
        {"typ", "\"JWT\""},
        {"typ", "\"JOSE\""},
        {"typ", "\"idcs-result+jwt\""},
        {"typ", "\"application/idcs-request+jws\""},
        {"typ", "\"IDCS-REQUEST+JWS\""},
        {"alg", "\"ECDH-ES\""},
    };
    static const struct change sealed_ones[] = {
        {"enc", NULL},          {"enc", "\"A128GCM\""},
        {"enc", "\"A192GCM\""}, {"enc", "\"A256CBC-HS512\""},
        {"enc", "\"XC20P\""},   {"enc", "256"},
        {"alg", "\"ES256\""},
    };
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        assert_int_equal(read_jws_header(both[i].name, both[i].value), ERR_MALFORMED);
        assert_int_equal(read_jwe_header(both[i].name, both[i].value), ERR_MALFORMED);
    }
    for (size_t i = 0; i < COUNT_OF(signed_ones); i++)
        assert_int_equal(read_jws_header(signed_ones[i].name, signed_ones[i].value), ERR_MALFORMED);
    for (size_t i = 0; i < COUNT_OF(sealed_ones); i++)
        assert_int_equal(read_jwe_header(sealed_ones[i].name, sealed_ones[i].value), ERR_MALFORMED);
}

/* RFC 7515 §4: what is not understood and not critical. A key that comes with the message is no
 * one's. */
static void other_parameters_are_passed_over(void **state) {
    (void)state;
    static const struct change others[] = {
        {"cty", "\"JWT\""},
        {"jku", "\"https://attacker.example/jwks\""},
        {"jwk", "{\"kty\":\"EC\",\"crv\":\"P-256\"}"},
        {"x5c", "[\"MIIB\"]"},
        {"iat", "1"},
    };
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(read_jws_header(others[i].name, others[i].value), ERR_OK);
        assert_int_equal(read_jwe_header(others[i].name, others[i].value), ERR_OK);
    }
}

#define X "\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\""
#define Y "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\""
static void an_ephemeral_key_is_two_whole_coordinates_on_p256(void **state) {
    (void)state;
    static const char *const refused[] = {
        NULL,
        "null",
        "\"P-256\"",
        "[]",
        "{}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," Y "}",
        "{\"kty\":\"EC\"," X "," Y "}",
        "{\"crv\":\"P-256\"," X "," Y "}",
        "{\"kty\":\"OKP\",\"crv\":\"P-256\"," X "," Y "}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\"," X "," Y "}",
        "{\"kty\":\"EC\",\"crv\":\"P-521\"," X "," Y "}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\"," X "," Y "}",
        "{\"kty\":\"EC\",\"crv\":\"X25519\"," X "," Y "}",
        "{\"kty\":\"EC\",\"crv\":\"p-256\"," X "," Y "}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "," Y "," Y "}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "," Y ",\"d\":\"\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":\"\"}",
        /* 31 bytes, as a number without its leading zeroes would be; and 33 */
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X
        ",\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpg\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X
        ",\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFppsA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X
        ",\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFppt\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X
        ",\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps=\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":[1]}",
    };
    assert_int_equal(read_jwe_header("epk", "{\"use\":\"enc\"," Y "," X
                                            ",\"crv\":\"P-25\\u0036\",\"kty\":\"EC\"}"),
                     ERR_OK);
    for (size_t i = 0; i < COUNT_OF(refused); i++)
        assert_int_equal(read_jwe_header("epk", refused[i]), ERR_MALFORMED);
}

static void a_header_is_one_json_object(void **state) {
    (void)state;
    static const char *const headers[] = {"",  "null", "[]",   "\"ES256\"",
                                          "{", "{}",   "{}{}", "\xef\xbb\xbf{\"alg\":\"ES256\"}"};
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        jose_sample_jws(headers[i], bytes_of_text("{}"), text);
        assert_int_equal(read_jws(text), ERR_MALFORMED);
        jose_sample_jwe(headers[i], bytes_of_text("a"), text);
        assert_int_equal(read_jwe(text), ERR_MALFORMED);
    }
    /* As long as a header can be, and one character more. */
    static char blanks[JOSE_PROTECTED_MAX];
    const char *good = jose_sample_object(jose_sample_jws_header, NULL, NULL);
    for (size_t extra = 0; extra < 2; extra++) {
        (void)snprintf(blanks, sizeof blanks, "%*s", (int)(JOSE_PROTECTED_MAX / 4 * 3 + extra),
                       good);
        jose_sample_jws(blanks, bytes_of_text("{}"), text);
        assert_int_equal(read_jws(text), extra == 0 ? ERR_OK : ERR_MALFORMED);
    }
}

/* Replaces part ${index} of the compact form in ${text}. */
static void replace_part(size_t index, const char *part) {
    static char kept[JOSE_SAMPLE_SIZE];
    char *at = text;
    for (size_t i = 0; i < index; i++)
        at = strchr(at, '.') + 1;
    const char *end = strchrnul(at, '.');
    (void)snprintf(kept, sizeof kept, "%s", end);
    assert_true(snprintf(at, 2048, "%s%s", part, kept) < 2048);
}

static void a_jws_has_three_parts(void **state) {
    (void)state;
    static const char *const payloads[] = {"e30=", "e3 0", "e\n30", "e30\n",
                                           "e",    "e31",  "e3+_",  "*"};
    static const char *const signatures[] = {
        "", "AAAA", A3_SIGNATURE "A", A3_SIGNATURE "=", A3_SIGNATURE "\n", "." A3_SIGNATURE};
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        assert_int_equal(read_jws_header(NULL, NULL), ERR_OK);
        replace_part(1, payloads[i]);
        assert_int_equal(read_jws(text), ERR_MALFORMED);
    }
    for (size_t i = 0; i < COUNT_OF(signatures); i++) {
        assert_int_equal(read_jws_header(NULL, NULL), ERR_OK);
        replace_part(2, signatures[i]);
        assert_int_equal(read_jws(text), ERR_MALFORMED);
    }
    assert_int_equal(read_jws_header(NULL, NULL), ERR_OK);
    replace_part(2, A3_SIGNATURE);
    assert_int_equal(read_jws(text), ERR_OK);
    replace_part(0, "");
    assert_int_equal(read_jws(text), ERR_MALFORMED);
    assert_int_equal(read_jws(""), ERR_MALFORMED);
    assert_int_equal(read_jws(".."), ERR_MALFORMED);
    assert_int_equal(read_jws("{\"payload\":\"e30\",\"signatures\":[]}"), ERR_MALFORMED);
}

static void a_jwe_has_five_parts_of_which_the_second_is_empty(void **state) {
    (void)state;
    static const struct {
        size_t index;
        const char *part;
    } changes[] = {
        {0, ""},
        {1, A1_KEY},
        {1, "AA"},
        {1, "."},
        {2, ""},
        {2, "AQIDBAUGBwgJCgs"},        /* 11 bytes */
        {2, "AQIDBAUGBwgJCgsMDQ4PEA"}, /* 16 */
        {3, ""},
        {3, "A"},
        {3, "AB"}, /* unused bits */
        {3, "AA=="},
        {3, "A/+A"},
        {4, ""},
        {4, "AQIDBAUGBwgJCgsM"},        /* a tag cut to 96 bits */
        {4, "AQIDBAUGBwgJCgsMDQ4PEB"},  /* unused bits */
        {4, "AQIDBAUGBwgJCgsMDQ4PEBE"}, /* 17 */
        {4, "AQIDBAUGBwgJCgsMDQ4PEA.AA"},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        assert_int_equal(read_jwe_header(NULL, NULL), ERR_OK);
        replace_part(changes[i].index, changes[i].part);
        assert_int_equal(read_jwe(text), ERR_MALFORMED);
    }
    assert_int_equal(read_jwe(A1_HEADER "." A1_KEY A1_REST), ERR_MALFORMED);
    assert_int_equal(read_jwe(A1_HEADER "." A1_REST), ERR_MALFORMED);
    assert_int_equal(read_jwe("...."), ERR_MALFORMED);
    assert_int_equal(read_jwe(""), ERR_MALFORMED);
}

static void no_shortened_message_is_read(void **state) {
    (void)state;
    static char whole[JOSE_SAMPLE_SIZE];
    assert_int_equal(read_jws_header(NULL, NULL), ERR_OK);
    memcpy(whole, text, sizeof whole);
    for (size_t len = strlen(whole); len-- > 0;) {
        whole[len] = '\0';
        assert_int_equal(read_jws(whole), ERR_MALFORMED);
    }
    assert_int_equal(read_jwe_header(NULL, NULL), ERR_OK);
    memcpy(whole, text, sizeof whole);
    for (size_t len = strlen(whole); len-- > 0;) {
        whole[len] = '\0';
        assert_int_equal(read_jwe(whole), ERR_MALFORMED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_7515_is_taken_apart),
        cmocka_unit_test(a_kid_is_the_thumbprint_of_rfc_7638),
        cmocka_unit_test(the_example_of_rfc_7518_is_read),
        cmocka_unit_test(parties_are_optional_and_short),
        cmocka_unit_test(a_header_that_is_not_exactly_ours_is_refused),
        cmocka_unit_test(other_parameters_are_passed_over),
        cmocka_unit_test(an_ephemeral_key_is_two_whole_coordinates_on_p256),
        cmocka_unit_test(a_header_is_one_json_object),
        cmocka_unit_test(a_jws_has_three_parts),
        cmocka_unit_test(a_jwe_has_five_parts_of_which_the_second_is_empty),
        cmocka_unit_test(no_shortened_message_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
