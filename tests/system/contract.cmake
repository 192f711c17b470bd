foreach(subject vids country contract)
  add_test(NAME system_${subject}
           COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.py)
  set_tests_properties(system_${subject} PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR}
                       LABELS system TIMEOUT 900)
endforeach()
