#!/bin/bash
# SPDX-License-Identifier: MIT
#
# train.mpirun.sh [HOSTS]: one net, trained by four processes (docs/scale.md) with Open MPI: on this machine, or on those that a file
# of hosts lists ("node1 slots=2", a line each).  The folder of the run must be one that all of them see.
# --bind-to none, so that the threads of a process may use more than one processor; a minute to save in after Ctrl-C or SIGTERM.
set -euo pipefail

hosts=()
if (($#)); then hosts=(--hostfile "$1"); fi

exec mpirun "${hosts[@]}" -n 4 --bind-to none --mca odls_base_sigkill_timeout 60 \
  joule train --data fashion-mnist --model small-cnn --epochs 10 --batch 512 --slices 16 --deterministic --out runs/together --resume
