# A whole box whose keys roll while it serves: all by itself, for the clocks of clients are part of it. Everyday each
# process dies once or twice; ctest -L long: again and again, and among more people.
foreach(name rotation_under_load long_rotation_under_load)
  add_test(NAME ${name} COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_rotation.py)
endforeach()
set_tests_properties(rotation_under_load PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR}
                     LABELS "system;heavy" TIMEOUT 1500 RUN_SERIAL TRUE)
set_tests_properties(long_rotation_under_load PROPERTIES ENVIRONMENT "IDCS_BUILD=${CMAKE_BINARY_DIR};IDCS_LONG=yes"
                     LABELS long TIMEOUT 3600 RUN_SERIAL TRUE)
