# The hsm suite once more with the token on a TPM in software (tpm2-pkcs11, swtpm): every test program that uses a token.
# Each has a TPM of its own, so they do not wait for each other. What a module lacks is skipped, counted and printed.
set(tpm2_suite /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/tests/system/tpm2_suite.py)
foreach(subject agree certify_signer keyset_peppers renewal rollover signer signer_jose signer_peppers signer_wrap
                tls_install tls_request tls_sign token unwrap)
  add_test(NAME keys_tpm2_${subject} COMMAND ${tpm2_suite} $<TARGET_FILE:test_${subject}>)
  set_tests_properties(keys_tpm2_${subject} PROPERTIES LABELS "unit;heavy" TIMEOUT 600)
endforeach()
# These make many RSA keys.
foreach(subject custody custody_roll generate signer_upgrade wrapping)
  add_test(NAME keys_tpm2_${subject} COMMAND ${tpm2_suite} $<TARGET_FILE:test_${subject}>)
  set_tests_properties(keys_tpm2_${subject} PROPERTIES LABELS long TIMEOUT 900)
endforeach()
