# After core_lane_biometric.cmake and core_lane_jose.cmake.
idcs_unit_test(test_core_biometric_jose ${CMAKE_CURRENT_LIST_DIR}/test_core_biometric_jose.c
               ${CMAKE_CURRENT_LIST_DIR}/core_clock.c LINK lane_biometric lane_jose)
target_link_options(test_core_biometric_jose
                    PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
