add_test(NAME system_jose_hostile COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_jose_hostile.py)
set_tests_properties(system_jose_hostile PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR} LABELS "system;heavy"
                     TIMEOUT 900)
