add_test(NAME system_rollback COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_rollback.py)
set_tests_properties(system_rollback PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR} LABELS system
                     TIMEOUT 600)
