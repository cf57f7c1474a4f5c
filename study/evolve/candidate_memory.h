// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace joule::study {

/// The peak resident memory of this process since the last reset_peak_memory(), in bytes; empty if
/// the system does not tell.
std::optional<double> peak_memory();
/// Restarts the count.  False if the system cannot; the peak is then that of the whole process.
bool reset_peak_memory();

/// Until the end of the block, an allocation that would grow this process's data by more than so
/// many MiB fails with std::bad_alloc, as if memory had run out, instead of the process being
/// killed. 0: no limit.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::int64_t mebibytes);
  ~MemoryLimit();
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  std::optional<std::uint64_t> before_;
};

}  // namespace joule::study
