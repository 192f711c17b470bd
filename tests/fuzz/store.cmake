idcs_fuzz_test(enrolled LINK authd_store)
