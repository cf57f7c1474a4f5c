// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace joule {

/// How many processors this process may keep busy: those in its affinity mask, but no more than the
/// CPU quota of each enclosing control group (a container's limit) allows, rounded up.  At
/// least 1.
///
/// `root`    the folder that contains /proc and /sys.
/// Cost      reads a few small files; call it once.
/// Source    the kernel's Documentation/admin-guide/cgroup-v2.rst (cpu.max) and
///           Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us, cpu.cfs_period_us).
int usable_processors(const std::string& root = "/");

}  // namespace joule
