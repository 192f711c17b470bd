# What can go wrong with a PKCS#11 module, by the shim: tests/fault/README.md says which test is for which fault.
add_executable(test_fault_use ${PROJECT_SOURCE_DIR}/tests/unit/test_fault_use.c)
add_executable(test_fault_start ${PROJECT_SOURCE_DIR}/tests/unit/test_fault_start.c)
add_executable(test_fault_renewal ${PROJECT_SOURCE_DIR}/tests/unit/test_fault_renewal.c)
add_executable(test_fault_roll ${PROJECT_SOURCE_DIR}/tests/unit/test_fault_roll.c
               ${PROJECT_SOURCE_DIR}/tests/unit/rollover_box.c)
target_compile_definitions(test_fault_roll PRIVATE PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
foreach(subject use start renewal roll)
  target_link_libraries(test_fault_${subject} PRIVATE hsm hsm_box PkgConfig::CMOCKA)
  add_test(NAME keys_fault_${subject} COMMAND test_fault_${subject})
  set_tests_properties(keys_fault_${subject} PROPERTIES LABELS unit TIMEOUT 300)
endforeach()
