// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace joule {

/// How many processors this process may keep busy: those of its affinity mask, and no more than the
/// CPU quota of each control group around it (a container's limit) is worth, rounded up.  At
/// least 1.
///
/// `root`    the folder in which /proc and /sys lie.
/// Cost      reads a handful of small files: ask once.
/// Source    the kernel's Documentation/admin-guide/cgroup-v2.rst (cpu.max) and
///           Documentation/scheduler/sched-bwc.rst (cpu.cfs_quota_us, cpu.cfs_period_us).
int usable_processors(const std::string& root = "/");

}  // namespace joule
