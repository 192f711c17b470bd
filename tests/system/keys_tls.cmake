# The key of TLS in the token, a whole box on another PKCS#11 module than SoftHSM, keys that are revoked at once.
foreach(subject tls tpm2 revoked)
  add_test(NAME keys_${subject}_box
           COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_keys_${subject}.py)
  set_tests_properties(keys_${subject}_box PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR}
                       LABELS "system;heavy" TIMEOUT 600)
endforeach()
