foreach(subject frame serve boot confine)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK base)
endforeach()
