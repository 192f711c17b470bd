# The box's small CA: what it certifies, and what it makes of hostile questions.
add_executable(test_certify ${PROJECT_SOURCE_DIR}/tests/unit/test_certify.c)
target_link_libraries(test_certify PRIVATE hsm PkgConfig::CMOCKA)
add_test(NAME keys_certify COMMAND test_certify)
set_tests_properties(keys_certify PROPERTIES LABELS unit TIMEOUT 120)

# The same asked of a running signer, and a CA that rolls.
add_executable(test_certify_signer ${PROJECT_SOURCE_DIR}/tests/unit/test_certify_signer.c
               ${PROJECT_SOURCE_DIR}/tests/unit/rollover_box.c)
target_link_libraries(test_certify_signer PRIVATE hsm hsm_box PkgConfig::CMOCKA)
target_compile_definitions(test_certify_signer PRIVATE PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
add_test(NAME keys_certify_signer COMMAND test_certify_signer)
set_tests_properties(keys_certify_signer PROPERTIES LABELS unit TIMEOUT 300)

# What provd makes of requests, with unseal and signer 0 played.
add_executable(test_provd_issue ${PROJECT_SOURCE_DIR}/tests/unit/test_provd_issue.c
               ${PROJECT_SOURCE_DIR}/tests/unit/provd_box.c ${PROJECT_SOURCE_DIR}/tests/unit/provd_parser.c)
target_link_libraries(test_provd_issue PRIVATE provisioning PkgConfig::CMOCKA)
add_test(NAME keys_provd_issue COMMAND test_provd_issue)
set_tests_properties(keys_provd_issue PROPERTIES LABELS unit TIMEOUT 120)

# What the parser reads of requests.
add_executable(test_pkcs10 ${PROJECT_SOURCE_DIR}/tests/unit/test_pkcs10.c)
target_link_libraries(test_pkcs10 PRIVATE authd_unseal PkgConfig::CMOCKA)
add_test(NAME keys_pkcs10 COMMAND test_pkcs10)
set_tests_properties(keys_pkcs10 PROPERTIES LABELS unit TIMEOUT 120)
