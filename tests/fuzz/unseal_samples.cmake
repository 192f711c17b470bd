foreach(format samples enrolment)
  idcs_fuzz_test(${format} LINK authd_unseal authd_match)
endforeach()
target_sources(fuzz_samples PRIVATE ${CMAKE_CURRENT_LIST_DIR}/../lib/device_sample.c)
