# authd-unseal with mistakes in its parsers that a request can reach.
idcs_program(rough-unseal none ${CMAKE_CURRENT_LIST_DIR}/rough_unseal.c
             ${PROJECT_SOURCE_DIR}/authd/unseal/unseal.c LINK authd_unseal)
target_link_options(rough-unseal PRIVATE LINKER:--wrap=worker_answer,--wrap=serve_send)
target_compile_options(rough-unseal PRIVATE -Wno-missing-prototypes)

add_test(NAME system_parsers
         COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_parsers.py)
set_tests_properties(system_parsers PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR}
                     LABELS system TIMEOUT 900 RESOURCE_LOCK box PROCESSORS 2)
set_property(TEST system_parsers APPEND PROPERTY LABELS heavy)
