set(device_sample ${CMAKE_CURRENT_LIST_DIR}/../lib/device_sample.c)
foreach(subject samples sample_bounds)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c ${device_sample}
                 ${CMAKE_CURRENT_LIST_DIR}/record_sample.c ${CMAKE_CURRENT_LIST_DIR}/jose_sample.c
                 ${CMAKE_CURRENT_LIST_DIR}/unsealed_sample.c LINK authd_unseal)
endforeach()
idcs_unit_test(test_bio_value ${CMAKE_CURRENT_LIST_DIR}/test_bio_value.c LINK authd_unseal)
idcs_unit_test(test_sample_wire ${CMAKE_CURRENT_LIST_DIR}/test_sample_wire.c LINK authd_wire)
idcs_unit_test(test_enrolment ${CMAKE_CURRENT_LIST_DIR}/test_enrolment.c ${device_sample}
               ${CMAKE_CURRENT_LIST_DIR}/bir_sample.c ${CMAKE_CURRENT_LIST_DIR}/record_sample.c
               LINK authd_unseal)
