# The supervisor with stand-ins for its children; the same again without root.
find_program(IDCS_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED) # one that any user may run
idcs_program(fake_child none ${CMAKE_CURRENT_LIST_DIR}/fake_child.c LINK base)
foreach(user root nobody)
  add_test(NAME system_supervisor_${user}
           COMMAND ${IDCS_SYSTEM_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/test_supervisor.py --user ${user}
                   $<TARGET_FILE:authd> $<TARGET_FILE:fake_child>)
  set_tests_properties(system_supervisor_${user} PROPERTIES LABELS system TIMEOUT 300
                       SKIP_RETURN_CODE 77)
endforeach()
