# One box for all cases of biometrics.
add_test(NAME system_biometrics COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_biometrics.py)
set_tests_properties(system_biometrics PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR} LABELS system
                     TIMEOUT 900)
