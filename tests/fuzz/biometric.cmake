idcs_fuzz_test(finger_record LINK authd_unseal authd_match)
idcs_fuzz_test(image_record LINK authd_unseal)
idcs_fuzz_test(bir LINK authd_unseal)
idcs_fuzz_test(biometrics LINK authd_unseal)
