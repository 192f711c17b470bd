foreach(subject sms_segment short_name text local_time)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK authd_notify)
endforeach()
idcs_unit_test(test_outbox ${CMAKE_CURRENT_LIST_DIR}/test_outbox.c LINK authd_outbox
               PkgConfig::JANSSON)
idcs_unit_test(test_outbox_process ${CMAKE_CURRENT_LIST_DIR}/test_outbox_process.c LINK authd_wire
               base PkgConfig::JANSSON)
add_dependencies(test_outbox_process authd-outbox)
set_property(TEST unit_outbox_process PROPERTY ENVIRONMENT
             "AUTHD_OUTBOX=$<TARGET_FILE:authd-outbox>")
