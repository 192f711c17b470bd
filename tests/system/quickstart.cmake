# A whole box from the built programs; one at a time, for they share the users and the cores.
add_test(NAME system_quickstart COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/system/test_quickstart.py)
set_tests_properties(system_quickstart PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR} LABELS system
                     RESOURCE_LOCK box TIMEOUT 600)
