# After core_lane.cmake, which makes the fixture.
idcs_library(lane_jose ${CMAKE_CURRENT_LIST_DIR}/lane_jose.c ${CMAKE_CURRENT_LIST_DIR}/jose_sample.c
             LINK lane_fixture authd_core authd_unseal PkgConfig::CMOCKA)

foreach(subject jose retry jose_attributes due)
  idcs_unit_test(test_core_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_core_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/core_clock.c LINK lane_jose)
  target_link_options(test_core_${subject} PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
endforeach()
