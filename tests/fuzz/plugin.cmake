idcs_fuzz_test(plugin_wire LINK authd_wire base)
