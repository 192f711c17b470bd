foreach(subject demo_people demo_programmes)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK provisioning_demo
                 PkgConfig::JANSSON)
endforeach()
