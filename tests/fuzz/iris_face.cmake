idcs_fuzz_test(iris_code LINK authd_match)
idcs_fuzz_test(face_vector LINK authd_match)
