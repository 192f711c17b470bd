add_test(NAME system_hotlist COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_hotlist.py)
set_tests_properties(system_hotlist PROPERTIES LABELS system TIMEOUT 300
                     ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR})
