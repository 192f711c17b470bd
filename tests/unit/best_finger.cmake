idcs_unit_test(test_best_finger_record ${CMAKE_CURRENT_LIST_DIR}/test_best_finger_record.c LINK authd_core)
idcs_unit_test(test_core_best_finger ${CMAKE_CURRENT_LIST_DIR}/test_core_best_finger.c LINK core_fixture
               authd_core)
