idcs_unit_test(test_biometric_wire ${CMAKE_CURRENT_LIST_DIR}/test_biometric_wire.c LINK authd_wire)
foreach(subject finger_record biometric_record)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/record_sample.c LINK authd_unseal)
endforeach()
idcs_unit_test(test_bir ${CMAKE_CURRENT_LIST_DIR}/test_bir.c ${CMAKE_CURRENT_LIST_DIR}/bir_sample.c
               ${CMAKE_CURRENT_LIST_DIR}/record_sample.c LINK authd_unseal)
idcs_unit_test(test_biometrics ${CMAKE_CURRENT_LIST_DIR}/test_biometrics.c
               ${CMAKE_CURRENT_LIST_DIR}/unsealed_sample.c LINK authd_unseal)
# Third parties' records, which are not in the repository: without them the test is skipped.
add_executable(vectors_fingerprints ${PROJECT_SOURCE_DIR}/tests/vectors/fingerprints.c)
target_include_directories(vectors_fingerprints PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(vectors_fingerprints PRIVATE authd_unseal authd_match)
target_compile_definitions(vectors_fingerprints PRIVATE
                           FINGERPRINTS_FOLDER="${PROJECT_SOURCE_DIR}/../shared/data/fingerprints")
add_test(NAME vectors_fingerprints COMMAND vectors_fingerprints)
set_tests_properties(vectors_fingerprints PROPERTIES LABELS vectors TIMEOUT 300 SKIP_RETURN_CODE 77)
