add_executable(edge_harness ${CMAKE_CURRENT_SOURCE_DIR}/system/edge_harness.c)
target_include_directories(edge_harness PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(edge_harness PRIVATE authd_wire base)
foreach(subject requests tls deadlines limits core jose)
  add_test(NAME system_edge_${subject}
           COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/system/test_edge_${subject}.py
                   $<TARGET_FILE:edge_harness> $<TARGET_FILE:authd-edge>)
  set_tests_properties(system_edge_${subject} PROPERTIES LABELS system TIMEOUT 300)
endforeach()
