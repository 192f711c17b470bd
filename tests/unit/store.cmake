idcs_library(store_fixture ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/ledger_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/journal_fixture.c LINK base authd_store PkgConfig::CMOCKA)

foreach(subject record identity programme registry registry_damage ledger ledger_time
        ledger_faults journal journal_damage journal_faults)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK store_fixture
                 authd_store)
endforeach()

# These put a function of their own in the place of one that the store calls.
target_link_options(test_ledger_time PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
target_link_options(test_ledger_faults PRIVATE LINKER:--wrap=clock_boot_ms)
target_link_options(test_journal_faults PRIVATE LINKER:--wrap=pwrite,--wrap=fdatasync,--wrap=fallocate)
