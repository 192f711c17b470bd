# The key of TLS in the token: what edge asks and what signers sign.
idcs_unit_test(test_edge_signers ${PROJECT_SOURCE_DIR}/tests/unit/test_edge_signers.c LINK authd_edge Threads::Threads)
foreach(subject tls_sign tls_names)
  add_executable(test_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_${subject}.c)
  target_link_libraries(test_${subject} PRIVATE hsm hsm_box PkgConfig::CMOCKA)
  add_test(NAME keys_${subject} COMMAND test_${subject})
  set_tests_properties(keys_${subject} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
