# Keys outside the token: custody `wrapped`. `test_custody bench` compares the two custodies.
add_executable(test_custody ${PROJECT_SOURCE_DIR}/tests/unit/test_custody.c
               ${PROJECT_SOURCE_DIR}/tests/unit/agree_sender.c
               ${PROJECT_SOURCE_DIR}/tests/unit/custody_box.c
               ${PROJECT_SOURCE_DIR}/tests/unit/memory_search.c)
target_link_libraries(test_custody PRIVATE hsm hsm_box PkgConfig::CMOCKA)
add_test(NAME keys_custody COMMAND test_custody)
set_tests_properties(keys_custody PROPERTIES LABELS unit TIMEOUT 300)

add_executable(test_custody_roll ${PROJECT_SOURCE_DIR}/tests/unit/test_custody_roll.c
               ${PROJECT_SOURCE_DIR}/tests/unit/agree_sender.c
               ${PROJECT_SOURCE_DIR}/tests/unit/rollover_box.c)
target_link_libraries(test_custody_roll PRIVATE hsm hsm_box PkgConfig::CMOCKA)
target_compile_definitions(test_custody_roll PRIVATE PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
add_test(NAME keys_custody_roll COMMAND test_custody_roll)
set_tests_properties(keys_custody_roll PROPERTIES LABELS unit TIMEOUT 300)

add_executable(test_signer_custody ${PROJECT_SOURCE_DIR}/tests/unit/test_signer_custody.c
               ${PROJECT_SOURCE_DIR}/tests/unit/agree_sender.c)
target_link_libraries(test_signer_custody PRIVATE hsm hsm_box PkgConfig::JANSSON PkgConfig::CMOCKA)
add_test(NAME keys_signer_custody COMMAND test_signer_custody)
set_tests_properties(keys_signer_custody PROPERTIES LABELS unit TIMEOUT 300)

add_executable(test_provd_custody ${PROJECT_SOURCE_DIR}/tests/unit/test_provd_custody.c
               ${PROJECT_SOURCE_DIR}/tests/unit/provd_box.c ${PROJECT_SOURCE_DIR}/tests/unit/provd_parser.c)
target_link_libraries(test_provd_custody PRIVATE provisioning PkgConfig::CMOCKA)
add_test(NAME keys_provd_custody COMMAND test_provd_custody)
set_tests_properties(keys_provd_custody PROPERTIES LABELS unit TIMEOUT 120)
