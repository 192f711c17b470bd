# Keys outside the token: custody `wrapped`. `test_custody bench` compares the two custodies.
add_executable(test_custody ${PROJECT_SOURCE_DIR}/tests/unit/test_custody.c
               ${PROJECT_SOURCE_DIR}/tests/unit/agree_sender.c
               ${PROJECT_SOURCE_DIR}/tests/unit/custody_box.c
               ${PROJECT_SOURCE_DIR}/tests/unit/memory_search.c)
target_link_libraries(test_custody PRIVATE hsm hsm_box PkgConfig::CMOCKA)
add_test(NAME keys_custody COMMAND test_custody)
set_tests_properties(keys_custody PROPERTIES LABELS unit TIMEOUT 300)
