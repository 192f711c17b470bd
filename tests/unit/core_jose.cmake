foreach(subject claims problem)
  idcs_unit_test(test_core_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_core_${subject}.c LINK authd_core)
endforeach()
idcs_unit_test(test_core_jose_seal ${CMAKE_CURRENT_LIST_DIR}/test_core_jose_seal.c
               LINK authd_core authd_unseal store_fixture)
