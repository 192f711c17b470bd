#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/hsm_box.h"

static struct hsm_box box;

static void smoke(void **state) {
    (void)state;
    struct hsm_signer signer;
    hsm_signer_provision(&box, &signer);
    hsm_signer_stop(&signer);
}

static int make_box(void **state) {
    (void)state;
    hsm_box_make(&box);
    return 0;
}

static int remove_box(void **state) {
    (void)state;
    hsm_box_remove(&box);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(smoke)};
    return cmocka_run_group_tests(tests, make_box, remove_box);
}
