add_test(NAME system_plugin COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_plugin.py)
set_tests_properties(system_plugin PROPERTIES LABELS "system;heavy" TIMEOUT 300
                     ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR})
