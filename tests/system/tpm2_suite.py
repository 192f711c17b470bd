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
    # The module (1.9.0) loses a copy of the EC point with each signature; our leaks are looked for on SoftHSM.
    environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    status = subprocess.run(sys.argv[1:], env=environment).returncode
finally:
    tpm.close()
sys.exit(status)
