# After core_lane_jose.cmake, which makes the library.
idcs_unit_test(test_core_hostile ${CMAKE_CURRENT_LIST_DIR}/test_core_hostile.c ${CMAKE_CURRENT_LIST_DIR}/core_clock.c)
target_link_libraries(test_core_hostile PRIVATE lane_jose)
target_link_options(test_core_hostile PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
