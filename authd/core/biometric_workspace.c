#include "authd/core/biometric_workspace.h"

enum err biometric_workspace_new(struct secret *memory, struct biometric_workspace **workspace) {
    *workspace = NULL;
    ERR_TRY(secret_new(memory, sizeof(**workspace)));
    void *place = memory->data; /* aligned to 64 */
    *workspace = place;
    return ERR_OK;
}

void biometric_workspace_wipe(struct biometric_workspace *workspace) {
    secret_wipe(workspace, sizeof(*workspace));
}
