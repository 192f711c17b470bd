idcs_unit_test(test_plugin_wire ${CMAKE_CURRENT_LIST_DIR}/test_plugin_wire.c LINK authd_wire)

# A vendor's library as it should be, and some as they should not.
function(idcs_plugin name)
  add_library(${name} MODULE ${ARGN})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  set_target_properties(${name} PROPERTIES PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()
add_library(finger_image STATIC ${PROJECT_SOURCE_DIR}/tests/lib/finger_image.c)
target_include_directories(finger_image PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(finger_image PUBLIC base)
idcs_plugin(plugin_sample ${PROJECT_SOURCE_DIR}/tests/fault/plugin_sample.c)
target_link_libraries(plugin_sample PRIVATE finger_image authd_match m)
foreach(kind hostile other_version other_table)
  idcs_plugin(plugin_${kind} ${PROJECT_SOURCE_DIR}/tests/fault/plugin_hostile.c)
  set_target_properties(plugin_${kind} PROPERTIES C_STANDARD 99) # all that a vendor needs
  target_compile_options(plugin_${kind} PRIVATE -Wpedantic)
endforeach()
target_compile_definitions(plugin_hostile PRIVATE HOSTILE_ABI_VERSION=1 "HOSTILE_TABLE_BYTES=sizeof match_plugin")
target_compile_definitions(plugin_other_version PRIVATE HOSTILE_ABI_VERSION=2 "HOSTILE_TABLE_BYTES=sizeof match_plugin")
target_compile_definitions(plugin_other_table PRIVATE HOSTILE_ABI_VERSION=1 HOSTILE_TABLE_BYTES=8)

# Start the program itself, as authd would.
add_library(plugin_rig STATIC ${CMAKE_CURRENT_LIST_DIR}/plugin_rig.c)
target_include_directories(plugin_rig PUBLIC ${PROJECT_SOURCE_DIR})
target_link_libraries(plugin_rig PUBLIC authd_wire PkgConfig::CMOCKA)
target_compile_definitions(plugin_rig PRIVATE PLUGIN_PROGRAM="$<TARGET_FILE:authd-plugin>"
                           PLUGIN_LIBRARIES="${CMAKE_BINARY_DIR}/bin")
add_dependencies(plugin_rig authd-plugin plugin_sample plugin_hostile plugin_other_version plugin_other_table)
idcs_unit_test(test_plugin ${CMAKE_CURRENT_LIST_DIR}/test_plugin.c LINK plugin_rig finger_sample finger_image)
idcs_unit_test(test_plugin_hostile ${CMAKE_CURRENT_LIST_DIR}/test_plugin_hostile.c LINK plugin_rig supervise)
