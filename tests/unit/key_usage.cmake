# Who still encrypts to which key.
idcs_unit_test(test_key_usage ${CMAKE_CURRENT_LIST_DIR}/test_key_usage.c LINK store_fixture authd_store)
