# After core.cmake.
idcs_unit_test(test_core_decision ${CMAKE_CURRENT_LIST_DIR}/test_core_decision.c LINK core_fixture authd_core)
