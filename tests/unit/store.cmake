idcs_library(store_fixture ${CMAKE_CURRENT_LIST_DIR}/store_fixture.c LINK base authd_store
             PkgConfig::CMOCKA)
foreach(subject record identity programme registry registry_damage)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK store_fixture
                 authd_store)
endforeach()
