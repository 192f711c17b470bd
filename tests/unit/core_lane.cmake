# A lane of core between peers that the test plays.
idcs_library(lane_fixture ${CMAKE_CURRENT_LIST_DIR}/lane_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/lane_party.c
             ${CMAKE_CURRENT_LIST_DIR}/unsealed_sample.c LINK core_fixture authd_core authd_unseal
             PkgConfig::CMOCKA)

foreach(subject lives)
  idcs_unit_test(test_core_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_core_${subject}.c
                 LINK lane_fixture)
endforeach()
