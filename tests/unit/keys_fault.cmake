# What can go wrong with a PKCS#11 module, by the shim: tests/fault/README.md says which test is for which fault.
foreach(subject use start)
  add_executable(test_fault_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_fault_${subject}.c)
  target_link_libraries(test_fault_${subject} PRIVATE hsm hsm_box PkgConfig::CMOCKA)
  add_test(NAME keys_fault_${subject} COMMAND test_fault_${subject})
  set_tests_properties(keys_fault_${subject} PROPERTIES LABELS unit TIMEOUT 300)
endforeach()
