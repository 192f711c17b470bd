idcs_unit_test(test_token_turn ${CMAKE_CURRENT_LIST_DIR}/test_token_turn.c LINK hsm)
