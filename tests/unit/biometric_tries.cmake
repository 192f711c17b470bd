idcs_unit_test(test_core_biometric_tries ${CMAKE_CURRENT_LIST_DIR}/test_core_biometric_tries.c
               LINK core_fixture authd_core)
target_link_options(test_core_biometric_tries PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
set_tests_properties(unit_core_biometric_tries PROPERTIES LABELS "unit;threads")
