idcs_fuzz_test(frame LINK base)
