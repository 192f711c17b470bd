idcs_unit_test(test_wire ${CMAKE_CURRENT_LIST_DIR}/test_wire.c
               ${CMAKE_CURRENT_LIST_DIR}/../lib/wire_sample.c LINK authd_wire)
foreach(subject json envelope jws certificate payload)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/unsealed_sample.c LINK authd_unseal)
endforeach()
# Starts the program itself, as authd would.
idcs_unit_test(test_unseal ${CMAKE_CURRENT_LIST_DIR}/test_unseal.c
               ${CMAKE_CURRENT_LIST_DIR}/../lib/device_sample.c ${CMAKE_CURRENT_LIST_DIR}/bir_sample.c
               ${CMAKE_CURRENT_LIST_DIR}/record_sample.c ${CMAKE_CURRENT_LIST_DIR}/unsealed_sample.c
               LINK authd_unseal)
target_compile_definitions(test_unseal PRIVATE UNSEAL_PROGRAM="$<TARGET_FILE:authd-unseal>")
add_dependencies(test_unseal authd-unseal)
