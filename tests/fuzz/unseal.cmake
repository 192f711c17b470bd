idcs_fuzz_test(json LINK authd_unseal PkgConfig::JANSSON)
foreach(format decode envelope payload jws certificate)
  idcs_fuzz_test(${format} LINK authd_unseal)
endforeach()
