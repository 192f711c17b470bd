# The load generator against a whole box: short, for what it says is tested here, not how fast the box is.
add_test(NAME system_load COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_load.py)
set_tests_properties(system_load PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR} LABELS system
                     RESOURCE_LOCK box TIMEOUT 600 PROCESSORS 2)
