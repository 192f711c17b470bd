foreach(subject family process restart pin_marker authd_settings listeners)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK supervise)
endforeach()
