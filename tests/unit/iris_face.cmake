foreach(subject iris_code iris_impostors face_vector false_match)
  idcs_unit_test(test_${subject} ${CMAKE_CURRENT_LIST_DIR}/test_${subject}.c LINK authd_match)
endforeach()
foreach(subject iris_code iris_impostors)
  target_sources(test_${subject} PRIVATE ${PROJECT_SOURCE_DIR}/provisioning/demo/demo_iris.c)
endforeach()

# 300,000 comparisons a shape: everyday in the release alone.
set_tests_properties(unit_iris_impostors PROPERTIES LABELS "unit;heavy" TIMEOUT 900)
# 13 million comparisons a shape: every row of the table is shown, the strictest too.
add_test(NAME iris_impostors_long COMMAND test_iris_impostors 5200)
set_tests_properties(iris_impostors_long PROPERTIES LABELS long TIMEOUT 7200) # under ASan
