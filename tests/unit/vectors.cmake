# Third parties' vectors, which are not in the repository: without them the test is skipped.
file(GLOB wycheproof_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/vectors/wycheproof*.c)
add_executable(vectors_wycheproof ${wycheproof_sources} ${CMAKE_CURRENT_LIST_DIR}/unsealed_sample.c)
target_include_directories(vectors_wycheproof PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(vectors_wycheproof PRIVATE authd_core authd_unseal authd_store hsm PkgConfig::JANSSON
                      PkgConfig::CMOCKA PkgConfig::SODIUM)
target_compile_definitions(vectors_wycheproof PRIVATE
                           WYCHEPROOF_FOLDER="${PROJECT_SOURCE_DIR}/../shared/data/wycheproof")
add_test(NAME vectors_wycheproof COMMAND vectors_wycheproof)
set_tests_properties(vectors_wycheproof PROPERTIES LABELS vectors TIMEOUT 300 SKIP_RETURN_CODE 77)
