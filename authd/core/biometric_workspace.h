#pragma once

#include "firmware/base/err.h"
#include "firmware/base/secret.h"
#include "authd/match/face_vector.h"
#include "authd/match/finger.h"
#include "authd/match/finger_scratch.h"
#include "authd/match/iris_code.h"
#include "authd/match/iris_code_scratch.h"
#include "authd/store/enrolled.h"
#include "authd/wire/sample_wire.h"

/*
 * Where a lane compares: secret memory, made once. Whoever uses it wipes it before the call ends,
 * so between two requests there is nothing in it.
 */
struct biometric_workspace {
    struct samples samples;
    struct enrolled enrolled;
    union {
        struct {
            struct finger_prepared presented, enrolled;
            struct finger_scratch scratch;
        } finger;
        struct {
            struct iris_code presented, enrolled;
            struct iris_code_scratch scratch;
        } iris;
        struct {
            struct face_vector presented, enrolled;
        } face;
    } match;
};

/* In ${memory}, which the caller frees. ERR_FULL. */
MUST_CHECK enum err biometric_workspace_new(struct secret *memory,
                                            struct biometric_workspace **workspace);
void biometric_workspace_wipe(struct biometric_workspace *workspace);
