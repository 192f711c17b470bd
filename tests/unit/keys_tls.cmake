# The key of TLS in the token: what edge asks and what signers sign.
idcs_unit_test(test_edge_signers ${PROJECT_SOURCE_DIR}/tests/unit/test_edge_signers.c LINK authd_edge Threads::Threads)
foreach(subject tls_sign tls_names)
  add_executable(test_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_${subject}.c)
  target_link_libraries(test_${subject} PRIVATE hsm hsm_box PkgConfig::CMOCKA)
  add_test(NAME keys_${subject} COMMAND test_${subject})
  set_tests_properties(keys_${subject} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
# Certificates that officers bring: how they are judged, and how they come to be shown.
add_executable(test_tls_chain ${PROJECT_SOURCE_DIR}/tests/unit/test_tls_chain.c
               ${PROJECT_SOURCE_DIR}/tests/unit/unsealed_sample.c)
target_link_libraries(test_tls_chain PRIVATE authd_unseal PkgConfig::CMOCKA)
add_test(NAME keys_tls_chain COMMAND test_tls_chain)
set_tests_properties(keys_tls_chain PROPERTIES LABELS unit TIMEOUT 120)
foreach(subject request install)
  add_executable(test_tls_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_tls_${subject}.c
                 ${PROJECT_SOURCE_DIR}/tests/unit/tls_authority.c ${PROJECT_SOURCE_DIR}/tests/unit/rollover_box.c)
  target_link_libraries(test_tls_${subject} PRIVATE hsm hsm_box PkgConfig::CMOCKA)
  target_compile_definitions(test_tls_${subject} PRIVATE PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
  add_test(NAME keys_tls_${subject} COMMAND test_tls_${subject})
  set_tests_properties(keys_tls_${subject} PROPERTIES LABELS unit TIMEOUT 300)
endforeach()
add_executable(test_tls_wires ${PROJECT_SOURCE_DIR}/tests/unit/test_tls_wires.c
               ${PROJECT_SOURCE_DIR}/provisioning/officer_pem.c)
target_link_libraries(test_tls_wires PRIVATE officer_wire authd_wire hsm_wire PkgConfig::CMOCKA)
add_test(NAME keys_tls_wires COMMAND test_tls_wires)
set_tests_properties(keys_tls_wires PROPERTIES LABELS unit TIMEOUT 120)
add_executable(test_provd_tls ${PROJECT_SOURCE_DIR}/tests/unit/test_provd_tls.c
               ${PROJECT_SOURCE_DIR}/tests/unit/provd_box.c ${PROJECT_SOURCE_DIR}/tests/unit/provd_parser.c)
target_link_libraries(test_provd_tls PRIVATE provisioning PkgConfig::CMOCKA)
add_test(NAME keys_tls_provd COMMAND test_provd_tls)
set_tests_properties(keys_tls_provd PROPERTIES LABELS unit TIMEOUT 120)
