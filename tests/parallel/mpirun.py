# SPDX-License-Identifier: MIT
"""mpirun for tests: on any machine, as any user, with more processes than processors."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ["JOULE_BUILD"])


def skip_without_mpi():
    """Ends the test as skipped where there is no mpirun, or the build has no MPI."""
    why = None
    if not shutil.which("mpirun"):
        why = "there is no mpirun here (Debian: openmpi-bin)"
    elif "MPI_CXX_LIB_NAMES" not in (cache := (BUILD / "CMakeCache.txt").read_text()) or "JOULE_MPI:STRING=OFF" in cache:
        why = "this build has no MPI (libopenmpi-dev, JOULE_MPI)"
    if why:
        print(why)
        sys.exit(77)


def mpirun(ranks, *command, transport="vader"):
    """The command line that runs `command` in so many processes; vader: through shared memory."""
    return ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "--mca", "btl", f"self,{transport}",
            "--mca", "btl_vader_single_copy_mechanism", "none", "-n", str(ranks), *map(str, command)]  # fmt: skip


def environment(**more):
    """Those that wait give the processor away: there are more of them than processors."""
    return {**os.environ, "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1", **more}


def run(ranks, *command, transport="vader"):
    return subprocess.run(mpirun(ranks, *command, transport=transport), capture_output=True, text=True, env=environment(), timeout=120)
