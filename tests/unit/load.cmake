# The load generator's own parts: a generator that errs makes every figure worthless.
idcs_unit_test(test_bench ${CMAKE_CURRENT_LIST_DIR}/test_bench.c LINK bench)
