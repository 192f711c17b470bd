# The shim stands between the signer and SoftHSM, to count calls and to fail where it is told to.
add_library(pkcs11_shim MODULE ${PROJECT_SOURCE_DIR}/tests/fault/pkcs11_shim.c)
target_include_directories(pkcs11_shim PRIVATE ${PROJECT_SOURCE_DIR} ${P11KIT_INCLUDE_DIRS})
target_link_libraries(pkcs11_shim PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(pkcs11_shim PROPERTIES PREFIX "")
target_compile_options(pkcs11_shim PRIVATE -fPIC -Wno-missing-prototypes)

idcs_library(hsm_box ${PROJECT_SOURCE_DIR}/tests/lib/hsm_box.c LINK hsm_wire base PkgConfig::CMOCKA
             PkgConfig::P11KIT ${CMAKE_DL_LIBS})
target_compile_definitions(hsm_box PRIVATE HSM_SIGNER="$<TARGET_FILE:hsm-signer>"
                           PKCS11_SHIM="$<TARGET_FILE:pkcs11_shim>")
add_dependencies(hsm_box hsm-signer pkcs11_shim)

foreach(subject hsm_wire hsm_wire_jose)
  idcs_unit_test(test_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_${subject}.c
                 ${PROJECT_SOURCE_DIR}/tests/unit/hsm_message.c LINK hsm_wire)
endforeach()
foreach(subject concat_kdf result statement keyring sign token unwrap signer signer_upgrade
                generate answers)
  idcs_unit_test(test_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_${subject}.c LINK hsm hsm_box
                 PkgConfig::JANSSON)
endforeach()
foreach(subject agree signer_jose)
  idcs_unit_test(test_${subject} ${PROJECT_SOURCE_DIR}/tests/unit/test_${subject}.c
                 ${PROJECT_SOURCE_DIR}/tests/unit/agree_sender.c LINK hsm hsm_box PkgConfig::JANSSON)
endforeach()
set_tests_properties(unit_generate PROPERTIES TIMEOUT 600)
# A generation for every place where it can be interrupted takes minutes.
add_test(NAME long_generate COMMAND test_generate everywhere)
set_tests_properties(long_generate PROPERTIES LABELS long TIMEOUT 900)
