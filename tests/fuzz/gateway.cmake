idcs_fuzz_test(report LINK authd_gateway)
