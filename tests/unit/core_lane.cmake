# A lane of core between peers that the test plays.
idcs_library(lane_fixture ${CMAKE_CURRENT_LIST_DIR}/lane_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/lane_party.c
             ${CMAKE_CURRENT_LIST_DIR}/unsealed_sample.c LINK core_fixture authd_core authd_unseal
             PkgConfig::CMOCKA)

foreach(subject lives flow peers suspects deliver storm opening_roots)
  idcs_unit_test(test_core_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_core_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/core_clock.c LINK lane_fixture)
  target_link_options(test_core_${subject} PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
endforeach()

foreach(subject person_find person_pepper request)
  idcs_unit_test(test_core_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_core_${subject}.c
                 LINK core_fixture authd_core)
endforeach()
# Looks at memory when it is given back.
target_link_options(test_core_request PRIVATE LINKER:--wrap=free)
