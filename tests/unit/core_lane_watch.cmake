idcs_unit_test(test_core_lane_watch ${CMAKE_CURRENT_LIST_DIR}/test_core_lane_watch.c LINK authd_core)
