idcs_unit_test(test_core_programmes ${CMAKE_CURRENT_LIST_DIR}/test_core_programmes.c LINK core_fixture authd_core)
