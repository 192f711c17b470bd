# After core_lane.cmake and finger.cmake.
idcs_library(biometric_fixture ${CMAKE_CURRENT_LIST_DIR}/biometric_fixture.c LINK core_fixture
             finger_sample authd_core PkgConfig::CMOCKA)

idcs_unit_test(test_core_biometric_check ${CMAKE_CURRENT_LIST_DIR}/test_core_biometric_check.c LINK
               biometric_fixture authd_core)
