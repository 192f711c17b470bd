idcs_fuzz_test(officer LINK officer_wire base)
