# The life of keys: its rules one by one, and whole lives under random clocks, crashes and orders.
add_executable(test_keystate ${PROJECT_SOURCE_DIR}/tests/unit/test_keystate.c)
add_executable(test_key_schedules ${PROJECT_SOURCE_DIR}/tests/unit/test_key_schedules.c
               ${PROJECT_SOURCE_DIR}/tests/unit/key_issuer.c ${PROJECT_SOURCE_DIR}/tests/unit/key_stores.c
               ${PROJECT_SOURCE_DIR}/tests/unit/schedule_random.c)
target_link_libraries(test_keystate PRIVATE hsm PkgConfig::CMOCKA)
target_link_libraries(test_key_schedules PRIVATE hsm PkgConfig::CMOCKA)
add_test(NAME keys_states COMMAND test_keystate)
add_test(NAME keys_schedules COMMAND test_key_schedules 500)
set_tests_properties(keys_states keys_schedules PROPERTIES LABELS unit TIMEOUT 120)
add_test(NAME keys_schedules_long COMMAND test_key_schedules 10000 1000)
set_tests_properties(keys_schedules_long PROPERTIES LABELS long TIMEOUT 900)

# The executor, on a real token with clocks of the test's own.
add_executable(test_rollover ${PROJECT_SOURCE_DIR}/tests/unit/test_rollover.c
               ${PROJECT_SOURCE_DIR}/tests/unit/rollover_box.c)
target_link_libraries(test_rollover PRIVATE hsm hsm_box PkgConfig::CMOCKA)
target_compile_definitions(test_rollover PRIVATE PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
add_test(NAME keys_rollover COMMAND test_rollover)
set_tests_properties(keys_rollover PROPERTIES LABELS unit TIMEOUT 300)

# The KEK and the pepper, which stores depend on.
add_executable(test_wrapping ${PROJECT_SOURCE_DIR}/tests/unit/test_wrapping.c
               ${PROJECT_SOURCE_DIR}/tests/unit/rollover_box.c)
target_link_libraries(test_wrapping PRIVATE hsm hsm_box PkgConfig::CMOCKA)
target_compile_definitions(test_wrapping PRIVATE PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
add_test(NAME keys_wrapping COMMAND test_wrapping)
set_tests_properties(keys_wrapping PROPERTIES LABELS unit TIMEOUT 300)

# A running signer whose keys change under it.
add_executable(test_renewal ${PROJECT_SOURCE_DIR}/tests/unit/test_renewal.c)
target_link_libraries(test_renewal PRIVATE hsm hsm_box hsm_wire PkgConfig::CMOCKA)
add_test(NAME keys_renewal COMMAND test_renewal)
add_executable(test_signer_wrap ${PROJECT_SOURCE_DIR}/tests/unit/test_signer_wrap.c)
target_link_libraries(test_signer_wrap PRIVATE hsm_box hsm_wire PkgConfig::CMOCKA)
add_test(NAME keys_wrapping_signer COMMAND test_signer_wrap)
set_tests_properties(keys_renewal keys_wrapping_signer PROPERTIES LABELS unit TIMEOUT 300)

add_executable(test_key_wires ${PROJECT_SOURCE_DIR}/tests/unit/test_key_wires.c)
target_link_libraries(test_key_wires PRIVATE hsm_wire officer_wire PkgConfig::CMOCKA)
add_test(NAME keys_wires COMMAND test_key_wires)
set_tests_properties(keys_wires PROPERTIES LABELS unit TIMEOUT 120)
