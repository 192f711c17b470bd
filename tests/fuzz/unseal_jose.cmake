foreach(format jose_request jose_header jose_sealed)
  idcs_fuzz_test(${format} LINK authd_unseal)
endforeach()
