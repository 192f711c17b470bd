# After core.cmake, which makes the fixture.
idcs_unit_test(test_core_kyc ${CMAKE_CURRENT_LIST_DIR}/test_core_kyc.c LINK core_fixture authd_core hsm
               PkgConfig::JANSSON)
