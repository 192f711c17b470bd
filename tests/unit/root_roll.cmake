# The roll of the record root: the sweep over a registry on disk, killed and damaged; and provd's part.
add_executable(test_root_roll ${PROJECT_SOURCE_DIR}/tests/unit/test_root_roll.c)
target_link_libraries(test_root_roll PRIVATE store_fixture authd_store PkgConfig::CMOCKA)
add_executable(test_provd_roots ${PROJECT_SOURCE_DIR}/tests/unit/test_provd_roots.c
               ${PROJECT_SOURCE_DIR}/tests/unit/provd_box.c ${PROJECT_SOURCE_DIR}/tests/unit/provd_parser.c)
target_link_libraries(test_provd_roots PRIVATE provisioning PkgConfig::CMOCKA)
add_test(NAME keys_root_sweep COMMAND test_root_roll)
add_test(NAME keys_root_orders COMMAND test_provd_roots)
set_tests_properties(keys_root_sweep keys_root_orders PROPERTIES LABELS unit TIMEOUT 120)
