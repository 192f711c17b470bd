idcs_library(store_fixture ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/registry_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/ledger_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/journal_fixture.c
             ${CMAKE_CURRENT_LIST_DIR}/enrolled_sample.c LINK base authd_store PkgConfig::CMOCKA)

foreach(subject record identity programme policy_bound enrolled enrolled_rows jose_client registry
        registry_damage photo ledger ledger_time
        ledger_faults ledger_replay ledger_threads journal journal_damage journal_faults
        store_crash)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK store_fixture
                 authd_store)
endforeach()

# These put functions of their own in the place of some that the store calls.
target_link_options(test_ledger_time PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
target_link_options(test_ledger_replay PRIVATE LINKER:--wrap=clock_boot_ms,--wrap=clock_wall_ms)
target_link_options(test_ledger_faults PRIVATE LINKER:--wrap=clock_boot_ms)
target_link_options(test_journal_faults PRIVATE
                    LINKER:--wrap=pwrite,--wrap=fdatasync,--wrap=fallocate,--wrap=renameat,--wrap=fsync)

# Thousands of durable writes that prove nothing about a disk.
set_property(TEST unit_ledger_replay unit_ledger_faults unit_ledger_time unit_journal unit_journal_damage
             PROPERTY ENVIRONMENT TMPDIR=/dev/shm)

set_property(TEST unit_journal_damage unit_store_crash PROPERTY TIMEOUT 600) # under TSan

# The same with many more rounds: ctest -L long.
foreach(subject ledger_replay store_crash)
  add_test(NAME long_${subject} COMMAND test_${subject})
  set_tests_properties(long_${subject} PROPERTIES LABELS long TIMEOUT 1800)
endforeach()
set_property(TEST long_ledger_replay PROPERTY ENVIRONMENT IDCS_LONG=1 TMPDIR=/dev/shm)
set_property(TEST long_store_crash PROPERTY ENVIRONMENT IDCS_LONG=1)
