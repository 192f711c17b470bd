# Whether answers about people tell by their time. Everyday a few thousand of each kind; ctest -L long: 100,000.
foreach(name system_jose_timing long_jose_timing)
  add_test(NAME ${name} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_jose_timing.py)
endforeach()
set_tests_properties(system_jose_timing PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR} LABELS "system;heavy"
                     RESOURCE_LOCK box TIMEOUT 900 PROCESSORS 2)
set_tests_properties(long_jose_timing PROPERTIES ENVIRONMENT "IDCS_BUILD=${CMAKE_BINARY_DIR};IDCS_LONG=yes"
                     LABELS long RESOURCE_LOCK box TIMEOUT 3600 PROCESSORS 2)
