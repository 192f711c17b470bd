idcs_fuzz_test(normalise LINK authd_match)
