# The tree and the programs against the design's boundaries.
foreach(subject sources programs)
  add_test(NAME structure_${subject}
           COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/structure/test_${subject}.py)
  set_tests_properties(structure_${subject} PROPERTIES LABELS structure TIMEOUT 120
                       ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR})
endforeach()
