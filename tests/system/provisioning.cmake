add_test(NAME system_provisioning
         COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_provisioning.py ${CMAKE_BINARY_DIR}/bin)
set_tests_properties(system_provisioning PROPERTIES LABELS system TIMEOUT 600)
