idcs_fuzz_test(tls_install LINK officer_wire authd_unseal)
target_sources(fuzz_tls_install PRIVATE ${PROJECT_SOURCE_DIR}/provisioning/officer_pem.c
               ${PROJECT_SOURCE_DIR}/hsm/certificate_key.c)
