idcs_fuzz_test(pkcs10 LINK authd_unseal)
idcs_fuzz_test(certify LINK hsm)
