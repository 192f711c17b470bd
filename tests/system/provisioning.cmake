foreach(subject provisioning provisioning_jose)
  add_test(NAME system_${subject}
           COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.py ${CMAKE_BINARY_DIR}/bin)
  set_tests_properties(system_${subject} PROPERTIES LABELS system TIMEOUT 600)
endforeach()
