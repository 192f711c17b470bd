foreach(subject demo_people demo_programmes)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK provisioning_demo
                 PkgConfig::JANSSON)
endforeach()
idcs_unit_test(test_demo_biometrics ${CMAKE_CURRENT_LIST_DIR}/test_demo_biometrics.c LINK
               provisioning_demo authd_unseal authd_match PkgConfig::JANSSON)
idcs_unit_test(test_device ${CMAKE_CURRENT_LIST_DIR}/test_device.c LINK programme_client provisioning_demo)
