idcs_library(core_fixture ${CMAKE_CURRENT_LIST_DIR}/core_fixture.c LINK authd_core store_fixture
             PkgConfig::CMOCKA)

foreach(subject identifier token settings request_check programme_check evidence person signature otp
        otp_limits otp_threads)
  idcs_unit_test(test_core_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_core_${subject}.c LINK core_fixture
                 authd_core)
endforeach()

# These put a function of their own in the place of the clock that core and its ledger read.
foreach(subject otp otp_limits)
  target_sources(test_core_${subject} PRIVATE ${CMAKE_CURRENT_LIST_DIR}/core_clock.c)
  target_link_options(test_core_${subject} PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
endforeach()
set_tests_properties(unit_core_otp_threads PROPERTIES LABELS "unit;threads")
