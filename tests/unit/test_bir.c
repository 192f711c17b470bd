#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/base/confine.h"
#include "authd/unseal/bir.h"
#include "authd/unseal/biometric_record.h"
#include "tests/unit/bir_sample.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define ROOT            "<BIR xmlns=\"http://standards.iso.org/iso-iec/19785/-3/ed-2/\">"
#define INFO            "<BIRInfo><Integrity>false</Integrity></BIRInfo>"

static uint8_t memory[BIR_WORKSPACE_BYTES];
static char text[BIR_BYTES_MAX + 1];
static struct buffer workspace;
static struct bir bir;

static enum err read_bytes(struct bytes document) {
    uint8_t *copy = malloc(document.len + 1);
    assert_non_null(copy);
    memcpy(copy, document.data, document.len);
    memset(memory, 0, sizeof memory);
    workspace = buffer_over(memory, sizeof memory);
    memset(&bir, 0x55, sizeof bir);
    enum err err = bir_read(bytes_of(copy, document.len), &workspace, &bir);
    free(copy);
    if (err != ERR_OK)
        assert_int_equal(bir.count, 0);
    /* Nothing where worker_forget does not wipe. */
    size_t rest = sizeof memory - workspace.len;
    assert_true(rest > 0 && memory[workspace.len] == 0);
    assert_memory_equal(memory + workspace.len, memory + workspace.len + 1, rest - 1);
    return err;
}

static enum err read_text(const char *document) {
    return read_bytes(bytes_of_text(document));
}

static void a_registration_is_read(void **state) {
    (void)state;
    uint8_t expected[1024];
    assert_int_equal(read_bytes(bir_sample(text, sizeof text)), ERR_OK);
    assert_int_equal(bir.count, BIR_SAMPLE_RECORDS);
    assert_int_equal(bir.records[0].type, BIR_FINGER);
    assert_int_equal(bir.records[0].format, BIR_FINGER_MINUTIAE);
    assert_int_equal(bir.records[0].position, 2);
    assert_true(bir.records[0].has_quality && bir.records[0].quality == 94);
    assert_true(bytes_equal(bir.records[0].data, bir_sample_minutiae(expected, sizeof expected)));
    assert_int_equal(bir.records[1].type, BIR_IRIS);
    assert_int_equal(bir.records[1].position, 2);
    assert_true(bytes_equal(bir.records[1].data, bir_sample_iris()));
    assert_int_equal(bir.records[2].type, BIR_FACE);
    assert_true(bir.records[3].exception && bir.records[3].data.len == 0);
    assert_int_equal(bir.records[3].position, 6);
    for (size_t i = 0; i < 3; i++)
        assert_false(bir.records[i].exception);
}

static void its_minutiae_are_what_the_record_reader_takes(void **state) {
    (void)state;
    static struct biometric_record read;
    assert_int_equal(read_bytes(bir_sample(text, sizeof text)), ERR_OK);
    struct biometric_announced announced = {.modality = BIOMETRIC_FINGER};
    biometric_record_read(bir.records[0].data, announced, &read);
    assert_int_equal(read.reason, BIOMETRIC_READ);
    assert_int_equal(read.format, BIOMETRIC_ISO_19794_2_2011);
}

static void a_document_may_hold_nobody(void **state) {
    (void)state;
    assert_int_equal(read_text(ROOT INFO "</BIR>"), ERR_OK);
    assert_int_equal(bir.count, 0);
}

static void no_beginning_of_a_document_is_one(void **state) {
    (void)state;
    static char whole[BIR_SAMPLE_SIZE];
    struct bytes document = bir_sample(whole, sizeof whole);
    for (size_t len = 0; len + 1 < document.len; len += len < 300 ? 1 : 41)
        assert_int_not_equal(read_bytes(bytes_of(whole, len)), ERR_OK);
    assert_int_equal(read_bytes(document), ERR_OK);
}

struct change {
    const char *old, *new;
};

static void assert_changes(const struct change *changes, size_t count, enum err wanted) {
    for (size_t i = 0; i < count; i++) {
        struct bytes document =
            bir_sample_changed(changes[i].old, changes[i].new, text, sizeof text);
        enum err err = read_bytes(document);
        if (err != wanted)
            fail_msg("%s: %s, line %u", changes[i].new, err_text(err), bir.line);
    }
}

static void what_the_format_allows_is_read(void **state) {
    (void)state;
    static const struct change changes[] = {
        {" standalone=\"yes\"", ""},
        {"UTF-8", "utf-8"},
        {"<Organization>Mosip<", "<Organization>257<"},
        {"<Version><Major>1</Major><Minor>1</Minor></Version>", ""},
        {"<Integrity>false</Integrity>",
         "<Creator>a</Creator><Index>98293C98-7b64-4f9a-a209-9cadfd8e4a1e</Index>"
         "<Payload>AA==</Payload><Integrity>false</Integrity>"
         "<CreationDate>2024-02-29T00:00:00</CreationDate>"
         "<NotValidBefore>2022-07-27T15:29:22+01:00</NotValidBefore>"
         "<NotValidAfter>2022-07-27T15:29:22.5-01:00</NotValidAfter>"},
        {"<Level>Raw<", "<Level>Processed<"},
        {"<Score>94<", "<Score>0<"},
        {"<Score>94<", "<Score>100<"},
        {"<Score>94</Score>", "<QualityCalculationFailed/>"},
        {"<Algorithm><Organization>HMAC</Organization><Type>SHA-256</Type></Algorithm>", ""},
        {"<SB>ZXlK</SB>", ""},
        {"0.9.5", "0.9.5&lt;&#233;"},
        {"xmlns=", "xmlns:other=\"urn:x\" xmlns="},
        {"Right IndexFinger", "Left LittleFinger"},
    };
    assert_changes(changes, COUNT_OF(changes), ERR_OK);
}

static void what_is_not_plain_xml_is_refused(void **state) {
    (void)state;
    static const struct change changes[] = {
        {"<?xml version=\"1.0\"", "<?xml version=\"1.1\""},
        {"UTF-8", "UTF-16"},
        {"UTF-8", "ISO-8859-1"},
        {"?>\n", "?>\n<!DOCTYPE BIR>\n"},
        {"?>\n", "?>\n<!DOCTYPE BIR [<!ENTITY a \"b\">]>\n"},
        {"?>\n", "?>\n<!DOCTYPE BIR SYSTEM \"file:///etc/passwd\">\n"},
        {"0.9.5", "&a;"},
        {"?>\n", "?>\n<!-- a comment -->\n"},
        {"0.9.5", "<!-- a comment -->0.9.5"},
        {"?>\n", "?>\n<?php a ?>\n"},
        {"0.9.5", "<![CDATA[0.9.5]]>"},
        {"0.9.5", "\xff"},
        {"0.9.5", "&#0;"},
        {"0.9.5", "&#xd800;"},
        {"<?xml", " <?xml"},
        {"<?xml", "\xef\xbb\xbf<?xml"},
        {"key=\"SPEC_VERSION\"", "key=\"a\" key=\"b\""},
        {"</BIR>\n", "</BIR"},
    };
    assert_changes(changes, COUNT_OF(changes), ERR_MALFORMED);
    struct bytes document = bir_sample(text, sizeof text);
    text[document.len - 1] = '\0';
    assert_int_equal(read_bytes(document), ERR_MALFORMED);
    text[document.len - 1] = '<';
    assert_int_equal(read_bytes(document), ERR_MALFORMED);
    assert_int_equal(read_text(""), ERR_MALFORMED);
}

static void names_places_and_order_are_strict(void **state) {
    (void)state;
    static const struct change changes[] = {
        {"19785/-3/ed-2/", "19785/-3/ed-1/"},
        {" xmlns=\"http://standards.iso.org/iso-iec/19785/-3/ed-2/\"", ""},
        {"<Level>Raw</Level>", "<Level xmlns=\"\">Raw</Level>"},
        {"<Level>Raw</Level>", "<level>Raw</level>"},
        {"<Level>Raw</Level>", "<Level>Raw</Level><Level>Raw</Level>"},
        {"<Level>Raw</Level>", "<Colour>Raw</Colour>"},
        {"<Level>Raw</Level>", "Raw"},
        {"<Level>Raw</Level>", "<Level a=\"b\">Raw</Level>"},
        {"<Level>Raw</Level>", "<Level><Level>Raw</Level></Level>"},
        {"<Level>Raw</Level>\n      <Purpose>Enroll</Purpose>",
         "<Purpose>Enroll</Purpose><Level>Raw</Level>"},
        {"<Version><Major>1</Major><Minor>1</Minor></Version>",
         "<Version><Minor>1</Minor><Major>1</Major></Version>"},
        {"<Version><Major>1</Major><Minor>1</Minor></Version>",
         "<Version><Major>1</Major></Version>"},
        {"<Integrity>false</Integrity>", ""},
        {"    <BIRInfo><Integrity>false</Integrity></BIRInfo>\n", ""},
        {"<BDBInfo>", "<BDBInfo/><BDBInfo>"},
        {"<Format><Organization>Mosip</Organization><Type>2</Type></Format>", ""},
        {"<Organization>Mosip</Organization>", ""},
        {"<Type>Finger</Type>", ""},
        {"<Subtype>Right IndexFinger</Subtype>", ""},
        {"<Score>94</Score>", ""},
        {"<Score>94</Score>", "<Score>94</Score><QualityCalculationFailed/>"},
        {"<BDB>", "<BIR>" INFO "</BIR><BDB>"},
        {"  <BIR>", "  <BDB/><BIR>"},
        {"key=\"SPEC_VERSION\"", "name=\"SPEC_VERSION\""},
        {"key=\"SPEC_VERSION\"", ""},
        {"key=\"SPEC_VERSION\"", "key=\"EXCEPTION\""},
        {"</others>", "</others><others/>"},
        {"<SB>", "<TestFinger xmlns=\"testschema\">a</TestFinger><SB>"},
    };
    assert_changes(changes, COUNT_OF(changes), ERR_MALFORMED);
}

static void values_are_strict(void **state) {
    (void)state;
    static const struct change changes[] = {
        {"<Integrity>false<", "<Integrity>true<"},
        {"<Integrity>false<", "<Integrity> false<"},
        {"<CreationDate>2022-07-27T15:29:22.987808900Z",
         "<Encryption>true</Encryption><CreationDate>2022-07-27T15:29:22Z"},
        {"<Major>1<", "<Major>256<"},
        {"<Major>1<", "<Major>01<"},
        {"<Major>1<", "<Major>-1<"},
        {"<Major>1<", "<Major><"},
        {"98293c98-", "98293c98_"},
        {"98293c98-", "9829gc98-"},
        {"4a1e<", "4a1<"},
        {"<Organization>Mosip<", "<Organization>mosip<"},
        {"<Organization>Mosip<", "<Organization>258<"},
        {"2022-07-27T", "2022-02-29T"},
        {"2022-07-27T", "2022-07-27 "},
        {".987808900Z", ".Z"},
        {".987808900Z", ".9878089001Z"},
        {".987808900Z", "+1:00"},
        {".987808900Z", "z"},
        {"<Type>Finger<", "<Type>Voice<"},
        {"Right IndexFinger", "IndexFinger Right"},
        {"Right IndexFinger", "Right"},
        {"Right IndexFinger", "Right  IndexFinger"},
        {"<Subtype>Left<", "<Subtype>Left Thumb<"},
        {"<Subtype></Subtype>", "<Subtype>Left</Subtype>"},
        {"<Level>Raw<", "<Level>raw<"},
        {"<Purpose>Enroll<", "<Purpose>Enrol<"},
        {"<Organization>HMAC<", "<Organization><"},
        {"<Organization>HMAC<", "<Organization>&#9;<"},
        {"<Score>94<", "<Score>101<"},
        {"<Score>94<", "<Score>9.4<"},
        {"<Score>94</Score>", "<QualityCalculationFailed>a</QualityCalculationFailed>"},
        {"<SB>ZXlK<", "<SB>ZXl<"},
        {"<SB>ZXlK<", "<SB>ZX-K<"},
        {"<SB>ZXlK<", "<SB>ZXl\n<"},
        {"<SB>ZXlK<", "<SB>====<"},
        {"\"EXCEPTION\">false<", "\"EXCEPTION\">no<"},
    };
    assert_changes(changes, COUNT_OF(changes), ERR_MALFORMED);
}

static void data_agrees_with_what_is_said_of_it(void **state) {
    (void)state;
    static const struct change changes[] = {
        {"<Type>2<", "<Type>7<"},               /* minutiae as an image */
        {"<Type>2<", "<Type>9<"},               /* an iris of a finger */
        {"<Type>2<", "<Type>3<"},               /* no such format */
        {"<Type>Face<", "<Type>Iris<"},         /* without an eye */
        {"<BDB>Rk1S", "<BDB>RklS"},             /* FIR */
        {"<BDB>Rk1SAD", "<BDB>Rk1SAT"},         /* FMR, and no zero */
        {"<BDB>Rk1S", "<BDB>-k1S"},             /* not base64 */
        {"<BDB>Rk1S", "<BDB> Rk1S"},            /* a blank */
        {"<BDB>Rk1S", "<BDB>AARk1S"},           /* not a multiple of four */
        {"<BDB></BDB>", "<BDB>Rk1SAA==</BDB>"}, /* the exception */
        {"<BDB></BDB>\n    <SB>ZXlK</SB>\n    <others>",
         "<BDB></BDB><others><entry key=\"EXCEPTION\">false</entry>"},
        {"\"EXCEPTION\">false<", "\"EXCEPTION\">true<"},
    };
    assert_changes(changes, COUNT_OF(changes), ERR_MALFORMED);
    static const struct change good[] = {
        {"<BDB></BDB>", ""},
        {"<Type>Face</Type>", "<Type>ExceptionPhoto</Type>"},
    };
    assert_changes(good, COUNT_OF(good), ERR_OK);
}

static void the_line_of_a_mistake_is_told(void **state) {
    (void)state;
    (void)read_bytes(bir_sample_changed("<Type>Finger<", "<Type>Toe<", text, sizeof text));
    assert_int_equal(bir.line, 14);
}

static struct bytes write_records(size_t count) {
    struct buffer target = buffer_over(text, sizeof text);
    struct bytes written;
    buffer_format(&target, ROOT INFO);
    for (size_t i = 0; i < count; i++)
        buffer_format(&target, "<BIR>" INFO "<BDBInfo><Format><Organization>257</Organization>"
                               "<Type>2</Type></Format><Type>Finger</Type>"
                               "<Subtype>Left Thumb</Subtype></BDBInfo>"
                               "<others><entry key=\"EXCEPTION\">true</entry></others></BIR>");
    buffer_format(&target, "</BIR>");
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    return written;
}

static void records_are_bounded(void **state) {
    (void)state;
    assert_int_equal(read_bytes(write_records(BIR_RECORDS_MAX)), ERR_OK);
    assert_int_equal(bir.count, BIR_RECORDS_MAX);
    assert_int_equal(read_bytes(write_records(BIR_RECORDS_MAX + 1)), ERR_TOO_LARGE);
}

/* Of data as long as a document may be. */
static void the_largest_document_fits_the_workspace(void **state) {
    (void)state;
    struct bytes document = bir_sample(text, sizeof text);
    char *end = strstr(text, "</BDB>");
    size_t behind = document.len - (size_t)(end - text), grown = BIR_BYTES_MAX - document.len;
    grown -= grown % 4;
    memmove(end + grown, end, behind);
    memset(end, 'A', grown);
    memset(end - 4, 'A', 4); /* no padding in its middle */
    assert_int_equal(read_bytes(bytes_of(text, document.len + grown)), ERR_OK);
    assert_true(bir.records[0].data.len > BIR_BYTES_MAX / 2);
    document = bir_sample(text, sizeof text);
    memset(text + document.len, '\n', sizeof text - document.len);
    assert_int_equal(read_bytes(bytes_of(text, BIR_BYTES_MAX)), ERR_OK);
    assert_int_equal(read_bytes(bytes_of(text, sizeof text)), ERR_TOO_LARGE);
}

static void a_workspace_that_is_too_small_is_a_fault(void **state) {
    (void)state;
    static char whole[BIR_SAMPLE_SIZE];
    struct bytes document = bir_sample(whole, sizeof whole);
    size_t enough = XML_ARENA_BYTES + 2 * document.len;
    for (size_t size = 0; size < enough; size += 97) {
        workspace = buffer_over(memory, size);
        enum err err = bir_read(document, &workspace, &bir);
        assert_true(err == ERR_FULL || err == ERR_OK);
        if (size < XML_ARENA_BYTES)
            assert_int_equal(err, ERR_FULL);
    }
    workspace = buffer_over(memory, enough);
    assert_int_equal(bir_read(document, &workspace, &bir), ERR_OK);
}

/* Names and attributes go into expat's memory: it ends before the arena does. */
static void what_would_need_much_memory_is_refused(void **state) {
    (void)state;
    struct buffer target = buffer_over(text, sizeof text);
    struct bytes written;
    buffer_format(&target, "<BIR");
    for (int i = 0; i < 6000; i++)
        buffer_format(&target, " xmlns:a%d=\"urn:%d\"", i, i);
    buffer_format(&target,
                  " xmlns=\"http://standards.iso.org/iso-iec/19785/-3/ed-2/\">" INFO "</BIR>");
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    assert_int_equal(read_bytes(written), ERR_TOO_LARGE);
    target = buffer_over(text, sizeof text);
    for (int i = 0; i < 20000; i++)
        buffer_format(&target, "<BIR>");
    assert_int_equal(buffer_end(&target, &written), ERR_OK);
    assert_int_equal(read_bytes(written), ERR_MALFORMED);
}

/* expat asks for chance and for settings in the environment, and must need nothing else. */
static void it_is_read_in_confinement(void **state) {
    (void)state;
    static const struct confine_plan plan = {
        .process = "test", .network = CONFINE_NO_NETWORK, .root_allowed = true};
    struct bytes document = bir_sample(text, sizeof text);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGSYS, SIG_DFL);
        workspace = buffer_over(memory, sizeof memory);
        bool is_read = confine_enter(&plan) == ERR_OK &&
                       bir_read(document, &workspace, &bir) == ERR_OK &&
                       bir.count == BIR_SAMPLE_RECORDS;
        _exit(is_read ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_registration_is_read),
        cmocka_unit_test(its_minutiae_are_what_the_record_reader_takes),
        cmocka_unit_test(a_document_may_hold_nobody),
        cmocka_unit_test(no_beginning_of_a_document_is_one),
        cmocka_unit_test(what_the_format_allows_is_read),
        cmocka_unit_test(what_is_not_plain_xml_is_refused),
        cmocka_unit_test(names_places_and_order_are_strict),
        cmocka_unit_test(values_are_strict),
        cmocka_unit_test(data_agrees_with_what_is_said_of_it),
        cmocka_unit_test(the_line_of_a_mistake_is_told),
        cmocka_unit_test(records_are_bounded),
        cmocka_unit_test(the_largest_document_fits_the_workspace),
        cmocka_unit_test(a_workspace_that_is_too_small_is_a_fault),
        cmocka_unit_test(what_would_need_much_memory_is_refused),
        cmocka_unit_test(it_is_read_in_confinement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
