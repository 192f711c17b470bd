# The roll of the pepper: what a row says of it, how rows are found under two of them.
foreach(subject alias registry_find)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK store_fixture
                 authd_store)
endforeach()

# The sweep over a registry on disk, killed and damaged; and provd's part.
add_executable(test_pepper_sweep ${PROJECT_SOURCE_DIR}/tests/unit/test_pepper_sweep.c
               ${PROJECT_SOURCE_DIR}/tests/unit/pepper_box.c)
target_link_libraries(test_pepper_sweep PRIVATE store_fixture authd_store PkgConfig::CMOCKA)
target_link_options(test_pepper_sweep PRIVATE LINKER:--wrap=kv_commit)
add_test(NAME keys_pepper_sweep COMMAND test_pepper_sweep)
set_tests_properties(keys_pepper_sweep PROPERTIES LABELS unit TIMEOUT 120
                     ENVIRONMENT TMPDIR=/dev/shm) # thousands of durable writes
foreach(subject pepper wrapping)
  add_executable(test_provd_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_provd_${subject}.c
                 ${PROJECT_SOURCE_DIR}/tests/unit/provd_box.c ${PROJECT_SOURCE_DIR}/tests/unit/provd_parser.c)
  target_link_libraries(test_provd_${subject} PRIVATE provisioning PkgConfig::CMOCKA)
endforeach()
add_test(NAME keys_pepper_orders COMMAND test_provd_pepper)
add_test(NAME keys_wrapping_provd COMMAND test_provd_wrapping)
set_tests_properties(keys_pepper_orders keys_wrapping_provd PROPERTIES LABELS unit TIMEOUT 120)
