idcs_unit_test(test_core_caller ${CMAKE_CURRENT_LIST_DIR}/test_core_caller.c LINK authd_core)
