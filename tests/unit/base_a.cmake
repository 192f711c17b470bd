foreach(subject bytes secret codec clock conf merkle kv log)
  idcs_unit_test(test_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_${subject}.c LINK base)
endforeach()
