# After core_lane.cmake and finger.cmake.
idcs_library(biometric_fixture ${CMAKE_CURRENT_LIST_DIR}/biometric_fixture.c LINK core_fixture
             finger_sample authd_core PkgConfig::CMOCKA)

idcs_unit_test(test_core_biometric_check ${CMAKE_CURRENT_LIST_DIR}/test_core_biometric_check.c LINK
               biometric_fixture authd_core)
idcs_unit_test(test_core_biometric_score ${CMAKE_CURRENT_LIST_DIR}/test_core_biometric_score.c
               ${PROJECT_SOURCE_DIR}/provisioning/demo/demo_iris.c LINK biometric_fixture authd_core m)

idcs_library(lane_biometric ${CMAKE_CURRENT_LIST_DIR}/lane_biometric.c LINK lane_fixture
             biometric_fixture authd_core PkgConfig::CMOCKA)
foreach(subject flow plugin)
  idcs_unit_test(test_core_biometric_${subject}
                 ${CMAKE_CURRENT_LIST_DIR}/test_core_biometric_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/core_clock.c LINK lane_biometric)
  target_link_options(test_core_biometric_${subject}
                      PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
endforeach()
idcs_unit_test(test_core_face_model ${CMAKE_CURRENT_LIST_DIR}/test_core_face_model.c LINK authd_core)
