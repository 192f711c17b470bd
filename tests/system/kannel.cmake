# authd-notify against Debian's Kannel with its fake SMSC, and a mail server of the test's own.
idcs_program(notify_harness none ${CMAKE_CURRENT_LIST_DIR}/notify_harness.c LINK authd_wire base)
add_test(NAME system_kannel
         COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_kannel.py
                 $<TARGET_FILE:notify_harness> $<TARGET_FILE:authd-notify>)
set_tests_properties(system_kannel PROPERTIES LABELS system TIMEOUT 300)
add_test(NAME system_kannel_box COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_kannel_box.py)
set_tests_properties(system_kannel_box PROPERTIES LABELS system TIMEOUT 300
                     ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR})
add_test(NAME system_kannel_mail COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_kannel_mail.py)
set_tests_properties(system_kannel_mail PROPERTIES LABELS system TIMEOUT 300
                     ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR})
