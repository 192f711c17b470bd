#pragma once

#include "authd/store/registry.h"

/*
 * Which KEK the wrapped roots depend on, beside them in REGISTRY_META: a generation such that it
 * and later ones open them all. It only ever rises.
 */

#define REGISTRY_WRAPPING_FIRST 1 /* before any was noted */
/* ERR_CORRUPT. */
MUST_CHECK enum err registry_wrapping_get(struct registry *registry, uint16_t *kek_generation);
/* ERR_DENIED, which sticks: one that is older than what was noted; ERR_CORRUPT. */
void registry_wrapping_put(struct registry_batch *batch, uint16_t kek_generation);
