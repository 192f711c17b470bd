# The roll of the record root: the sweep over a registry on disk, killed and damaged; and provd's part.
add_executable(test_root_roll ${PROJECT_SOURCE_DIR}/tests/unit/test_root_roll.c)
target_link_libraries(test_root_roll PRIVATE store_fixture authd_store PkgConfig::CMOCKA)
add_test(NAME keys_root_sweep COMMAND test_root_roll)
set_tests_properties(keys_root_sweep PROPERTIES LABELS unit TIMEOUT 120)
