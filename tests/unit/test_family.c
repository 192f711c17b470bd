#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "authd/supervise/family.h"
#include "firmware/base/boot.h"

static struct family family;

static bool may_talk(const char *left, uint16_t left_index, const char *right, uint16_t right_index,
                     uint16_t lane) {
    size_t members[2] = {family_find(&family, left, left_index),
                         family_find(&family, right, right_index)};
    for (size_t i = 0; i < family.pair_count; i++) {
        const struct family_pair *pair = &family.pairs[i];
        bool same = (pair->members[0] == members[0] && pair->members[1] == members[1]) ||
                    (pair->members[0] == members[1] && pair->members[1] == members[0]);
        if (same && pair->lane == lane)
            return true;
    }
    return false;
}

static bool may_talk_at_all(const char *left, uint16_t left_index, const char *right,
                            uint16_t right_index) {
    for (uint16_t lane = 0; lane < FAMILY_LANES_MAX; lane++)
        if (may_talk(left, left_index, right, right_index, lane))
            return true;
    return false;
}

static void the_wired_pairs_are_those_of_the_design(void **state) {
    (void)state;
    family_make(3, 2, false, &family);
    for (uint16_t lane = 0; lane < 3; lane++) {
        assert_true(may_talk("core", 0, "edge", 0, lane));
        assert_true(may_talk("core", 0, "unseal", lane, lane));
        assert_true(may_talk("core", 0, "notify", 0, lane));
        assert_true(may_talk("core", 0, "hsm", 0, lane));
        assert_true(may_talk("core", 0, "hsm", 1, lane));
        assert_true(may_talk("edge", 0, "hsm", 0, lane));
        assert_true(may_talk("edge", 0, "hsm", 1, lane));
    }
    assert_true(may_talk("provd", 0, "unseal", 3, 0));
    assert_true(may_talk("provd", 0, "hsm", 0, 0));
    assert_true(may_talk("provd", 0, "hsm", 1, 0));
    assert_true(may_talk("provd", 0, "core", 0, 0));
    assert_int_equal(family.pair_count, 3 * 7 + 4);
}

static void a_plugin_is_of_one_lane_or_of_provd(void **state) {
    (void)state;
    family_make(3, 2, true, &family);
    assert_int_equal(family.counts[FAMILY_PLUGIN], 4);
    for (uint16_t lane = 0; lane < 3; lane++)
        for (uint16_t index = 0; index < 4; index++)
            assert_int_equal(may_talk("core", 0, "plugin", index, lane), index == lane);
    assert_true(may_talk("provd", 0, "plugin", 3, 0));
    assert_int_equal(family.pair_count, 3 * 8 + 5);
    for (uint16_t index = 0; index < 4; index++) {
        assert_false(may_talk_at_all("plugin", index, "edge", 0));
        assert_false(may_talk_at_all("plugin", index, "hsm", 0));
        assert_false(may_talk_at_all("plugin", index, "unseal", 0));
        assert_false(may_talk_at_all("plugin", index, "notify", 0));
        assert_int_equal(may_talk_at_all("plugin", index, "provd", 0), index == 3);
    }
}

static void without_a_library_there_is_no_plugin(void **state) {
    (void)state;
    family_make(3, 2, false, &family);
    assert_int_equal(family_find(&family, "plugin", 0), FAMILY_MEMBERS_MAX);
}

static void nobody_else_talks(void **state) {
    (void)state;
    family_make(3, 2, false, &family);
    assert_false(may_talk_at_all("edge", 0, "unseal", 0));
    assert_false(may_talk_at_all("edge", 0, "provd", 0));
    assert_false(may_talk_at_all("edge", 0, "notify", 0));
    assert_false(may_talk_at_all("unseal", 0, "hsm", 0));
    assert_false(may_talk_at_all("unseal", 0, "unseal", 1));
    assert_false(may_talk_at_all("unseal", 0, "provd", 0));
    assert_false(may_talk_at_all("unseal", 3, "core", 0));
    assert_false(may_talk_at_all("notify", 0, "hsm", 0));
    assert_false(may_talk_at_all("provd", 0, "notify", 0));
    assert_false(may_talk_at_all("hsm", 0, "hsm", 1));
}

static size_t peers_of(size_t member) {
    size_t count = 0;
    for (size_t i = 0; i < family.pair_count; i++)
        count += family.pairs[i].members[0] == member || family.pairs[i].members[1] == member;
    return count;
}

static void the_largest_family_fits(void **state) {
    (void)state;
    family_make(FAMILY_LANES_MAX, FAMILY_SIGNERS_MAX, true, &family);
    assert_int_equal(family.member_count, FAMILY_MEMBERS_MAX);
    assert_int_equal(family.pair_count, FAMILY_PAIRS_MAX);
    for (size_t member = 0; member < family.member_count; member++)
        assert_in_range(peers_of(member), 1, BOOT_PEERS_MAX);
    assert_true(2 * FAMILY_LANES_MAX <= BOOT_LISTENERS_MAX);
}

static void the_smallest_family_is_whole(void **state) {
    (void)state;
    family_make(1, 1, false, &family);
    assert_int_equal(family.member_count, 7);
    for (size_t member = 0; member < family.member_count; member++)
        assert_in_range(peers_of(member), 1, 5);
}

static void members_are_found_by_role_and_index(void **state) {
    (void)state;
    family_make(2, 2, true, &family);
    for (size_t member = 0; member < family.member_count; member++) {
        const char *role = family_facts[family.members[member].kind].role;
        assert_int_equal(family_find(&family, role, family.members[member].index), member);
        assert_true(strlen(role) < BOOT_NAME_SIZE);
    }
    assert_int_equal(family_find(&family, "hsm", 2), FAMILY_MEMBERS_MAX);
    assert_int_equal(family_find(&family, "root", 0), FAMILY_MEMBERS_MAX);
    assert_int_equal(family_find(&family, "", 0), FAMILY_MEMBERS_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wired_pairs_are_those_of_the_design),
        cmocka_unit_test(a_plugin_is_of_one_lane_or_of_provd),
        cmocka_unit_test(without_a_library_there_is_no_plugin),
        cmocka_unit_test(nobody_else_talks),
        cmocka_unit_test(the_largest_family_fits),
        cmocka_unit_test(the_smallest_family_is_whole),
        cmocka_unit_test(members_are_found_by_role_and_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
