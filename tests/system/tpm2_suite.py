"""Runs a test program of the hsm suite with a token on a TPM in the place of SoftHSM's: `tpm2_suite.py PROGRAM [WORD...]`."""

import os
import subprocess
import sys

from tpm2_rig import MODULE, Tpm

# As in tests/lib/hsm_box.h.
LABEL, PIN, USER = "idcs-test", "271828", "65534:65534"

tpm = Tpm(LABEL, PIN, USER if os.geteuid() == 0 else str(os.geteuid()))
try:
    environment = {**os.environ, **tpm.environment, "HSM_BOX_MODULE": MODULE, "HSM_BOX_STORE": str(tpm.store)}
    status = subprocess.run(sys.argv[1:], env=environment).returncode
finally:
    tpm.close()
sys.exit(status)
