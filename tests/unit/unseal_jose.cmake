idcs_unit_test(test_jose_wire ${CMAKE_CURRENT_LIST_DIR}/test_jose_wire.c
               ${CMAKE_CURRENT_LIST_DIR}/../lib/jose_wire_sample.c ${CMAKE_CURRENT_LIST_DIR}/../lib/wire_sample.c
               LINK authd_wire)
foreach(subject header request sealed)
  idcs_unit_test(test_jose_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_jose_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/jose_sample.c LINK authd_unseal)
endforeach()
