# The roll of the pepper: what a row says of it, how rows are found under two of them.
foreach(subject alias registry_find)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK store_fixture
                 authd_store)
endforeach()
