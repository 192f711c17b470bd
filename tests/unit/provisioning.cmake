foreach(subject keys programmes thresholds jose people enrolment)
  idcs_unit_test(test_provd_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_provd_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/provd_box.c ${CMAKE_CURRENT_LIST_DIR}/provd_parser.c LINK provisioning)
endforeach()
foreach(subject officer_wire officers values)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK provisioning)
endforeach()
file(GLOB officer_texts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/provisioning/officer_text*.c)
idcs_unit_test(test_officer_text ${CMAKE_CURRENT_LIST_DIR}/test_officer_text.c ${officer_texts}
               LINK officer_wire base)
# What officer's commands print of provd's answers; the test takes the place of the connection.
file(GLOB officer_commands CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/provisioning/cmd_key_*.c)
idcs_unit_test(test_officer_commands ${CMAKE_CURRENT_LIST_DIR}/test_officer_commands.c ${officer_texts}
               ${officer_commands} ${PROJECT_SOURCE_DIR}/provisioning/cmd_tls.c
               ${PROJECT_SOURCE_DIR}/provisioning/officer_input.c ${PROJECT_SOURCE_DIR}/provisioning/officer_pem.c
               ${PROJECT_SOURCE_DIR}/provisioning/values.c LINK officer_wire base PkgConfig::JANSSON)
