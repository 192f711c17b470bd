foreach(subject keys programmes thresholds jose people enrolment)
  idcs_unit_test(test_provd_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_provd_${subject}.c
                 ${CMAKE_CURRENT_LIST_DIR}/provd_box.c LINK provisioning)
endforeach()
foreach(subject officer_wire officers values)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK provisioning)
endforeach()
file(GLOB officer_texts CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/provisioning/officer_text*.c)
idcs_unit_test(test_officer_text ${CMAKE_CURRENT_LIST_DIR}/test_officer_text.c ${officer_texts}
               LINK officer_wire base)
