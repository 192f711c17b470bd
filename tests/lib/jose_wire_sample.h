#pragma once

#include "authd/wire/jose_wire.h"

/* One good message of each kind between core and unseal for the JOSE profile, with every field set
 * that its call has. Views are of constants. */
struct edge_request jose_wire_sample_question(void);
struct jose_request jose_wire_sample_request(enum envelope_function function);
struct jose_sealed_question jose_wire_sample_sealed_question(void);
struct jose_sealed jose_wire_sample_sealed(void);
