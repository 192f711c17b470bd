# A whole box whose keys roll while it serves: all by itself, for the clocks of clients are part of it.
add_test(NAME rotation_under_load
         COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_rotation.py)
set_tests_properties(rotation_under_load PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR}
                     LABELS system TIMEOUT 600 PROCESSORS 2)
