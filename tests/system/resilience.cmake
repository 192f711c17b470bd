# Whole boxes, started through quickstart as root. What measures nothing shares the machine with another.

# What the tests of damage look into a stopped box with.
foreach(tool journal_check flip_row)
  add_executable(${tool} ${CMAKE_CURRENT_LIST_DIR}/${tool}.c)
  target_include_directories(${tool} PRIVATE ${PROJECT_SOURCE_DIR})
endforeach()
target_link_libraries(journal_check PRIVATE authd_core)
target_link_libraries(flip_row PRIVATE base)

# SoftHSM with faults that a running test can switch on.
add_library(faulty_token MODULE ${CMAKE_CURRENT_LIST_DIR}/faulty_token.c)
target_include_directories(faulty_token PRIVATE ${P11KIT_INCLUDE_DIRS})
target_link_libraries(faulty_token PRIVATE ${CMAKE_DL_LIBS})
target_compile_definitions(faulty_token PRIVATE REAL_MODULE="/usr/lib/softhsm/libsofthsm2.so")
target_compile_options(faulty_token PRIVATE -fPIC -Wno-missing-prototypes)
set_target_properties(faulty_token PROPERTIES PREFIX "")

foreach(subject otp refusals resilience wrong_pin flood journal damage)
  add_test(NAME system_${subject}
           COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.py)
  set_tests_properties(system_${subject} PROPERTIES ENVIRONMENT IDCS_BUILD=${CMAKE_BINARY_DIR}
                       LABELS system TIMEOUT 1800)
endforeach()
# These two need to be quick enough to meet what they look for.
set_tests_properties(system_resilience system_flood PROPERTIES PROCESSORS 2)
