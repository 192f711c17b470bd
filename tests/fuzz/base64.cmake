idcs_fuzz_test(base64 LINK base)
