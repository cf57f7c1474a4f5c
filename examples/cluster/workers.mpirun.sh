#!/bin/bash
# SPDX-License-Identifier: MIT
#
# workers.mpirun.sh HOSTS: a worker of a study on each machine that a file of hosts lists.  They do not know of each other: mpirun is
# only what starts them.  PGPASSFILE says where the password is (~/.pgpass).
set -euo pipefail

hosts=${1:?usage: workers.mpirun.sh HOSTS}

exec mpirun --hostfile "$hosts" --map-by node --bind-to none \
  joule study worker --storage "${STORAGE:-postgresql://me@db.example/studies}" --study "${STUDY:-eat}"
