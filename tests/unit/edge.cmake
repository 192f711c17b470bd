foreach(subject route head deadlines clients registered connections body)
  idcs_unit_test(test_edge_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_edge_${subject}.c LINK authd_edge)
endforeach()
idcs_unit_test(test_edge_wire ${CMAKE_CURRENT_LIST_DIR}/test_edge_wire.c
               ${CMAKE_CURRENT_LIST_DIR}/../lib/wire_sample.c LINK authd_wire)
