idcs_unit_test(test_plugin_wire ${CMAKE_CURRENT_LIST_DIR}/test_plugin_wire.c LINK authd_wire)
