foreach(subject bytes secret secret_misuse codec clock conf merkle kv kv_processes log)
  idcs_unit_test(test_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_${subject}.c LINK base)
endforeach()
