# Who still encrypts to which key.
idcs_unit_test(test_key_usage ${CMAKE_CURRENT_LIST_DIR}/test_key_usage.c LINK store_fixture authd_store)
idcs_unit_test(test_core_key_use ${CMAKE_CURRENT_LIST_DIR}/test_core_key_use.c LINK core_fixture authd_core)
idcs_unit_test(test_key_usage_wire ${CMAKE_CURRENT_LIST_DIR}/test_key_usage_wire.c LINK officer_wire)
idcs_unit_test(test_provd_usage ${CMAKE_CURRENT_LIST_DIR}/test_provd_usage.c
               ${CMAKE_CURRENT_LIST_DIR}/provd_box.c ${CMAKE_CURRENT_LIST_DIR}/provd_parser.c LINK provisioning)

# Two hundred programmes through a rotation, on a real token.
add_executable(test_rotation_stragglers ${CMAKE_CURRENT_LIST_DIR}/test_rotation_stragglers.c
               ${CMAKE_CURRENT_LIST_DIR}/rollover_box.c)
target_link_libraries(test_rotation_stragglers PRIVATE hsm hsm_box authd_store PkgConfig::CMOCKA)
target_compile_definitions(test_rotation_stragglers PRIVATE PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
add_test(NAME rotation_stragglers COMMAND test_rotation_stragglers)
set_tests_properties(rotation_stragglers PROPERTIES LABELS unit TIMEOUT 300)
