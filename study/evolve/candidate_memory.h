// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

namespace joule::study {

/// The most memory that this process has had in RAM since the last reset_peak_memory(), in bytes;
/// none where the system does not say.
std::optional<double> peak_memory();
/// Counts from now on.  False: the system cannot, and the peak is that of the whole process.
bool reset_peak_memory();

/// Until the end of the block an allocation fails that would make this process's data grow by more
/// than so many MiB: std::bad_alloc, as where there is no memory, instead of a killed process.
/// 0: any.
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
