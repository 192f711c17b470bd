idcs_unit_test(test_jose_timing ${CMAKE_CURRENT_LIST_DIR}/test_jose_timing.c
               ${PROJECT_SOURCE_DIR}/tests/bench/jose_timing_compare.c LINK m)
