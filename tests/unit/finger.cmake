add_library(finger_sample STATIC ${CMAKE_CURRENT_LIST_DIR}/finger_sample.c
            ${PROJECT_SOURCE_DIR}/provisioning/demo/demo_finger.c
            ${PROJECT_SOURCE_DIR}/provisioning/demo/demo_random.c)
target_include_directories(finger_sample PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(finger_sample PUBLIC authd_match PkgConfig::CMOCKA PkgConfig::SODIUM m)
foreach(subject finger finger_paths finger_hostile finger_fuse finger_memory finger_threshold)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK finger_sample)
endforeach()
# Half a minute of comparisons, and ten times that with sanitizers.
set_tests_properties(unit_finger_threshold PROPERTIES LABELS "unit;heavy" TIMEOUT 1800)
