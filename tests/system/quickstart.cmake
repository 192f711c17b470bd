# A whole box from the built programs.
foreach(subject quickstart kyc demographics jose officer_jose)
  add_test(NAME system_${subject} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/system/test_${subject}.py)
  set_tests_properties(system_${subject} PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR} LABELS system
                       TIMEOUT 600)
endforeach()
