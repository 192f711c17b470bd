# The hsm suite once more with the token on a TPM in software (tpm2-pkcs11, swtpm): every test program that uses a token.
# A TPM of its own for each, so they do not wait for each other.
foreach(subject agree generate renewal rollover signer signer_jose signer_upgrade tls_sign token unwrap)
  add_test(NAME keys_tpm2_${subject}
           COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/system/tpm2_suite.py $<TARGET_FILE:test_${subject}>)
  set_tests_properties(keys_tpm2_${subject} PROPERTIES LABELS "unit;heavy" TIMEOUT 600)
endforeach()
