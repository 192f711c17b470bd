# What the running processes are refused, asked through inject, which makes them ask for it.
idcs_program(inject none ${CMAKE_CURRENT_LIST_DIR}/inject.c LINK PkgConfig::SECCOMP)
add_test(NAME system_confinement
         COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_confinement.py -v)
set_tests_properties(system_confinement PROPERTIES LABELS system TIMEOUT 300
                     ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR})
