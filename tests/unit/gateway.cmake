foreach(subject attempt health ceiling sendsms mail report route)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK authd_gateway)
endforeach()
