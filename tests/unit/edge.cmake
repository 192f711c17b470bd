foreach(subject route head deadlines clients connections body)
  idcs_unit_test(test_edge_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_edge_${subject}.c LINK authd_edge)
endforeach()
