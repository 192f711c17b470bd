foreach(subject normalise contact birth demographic demographic_check)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/demographic_sample.c LINK authd_match)
endforeach()
