// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <string>

#include "joule/io/atomic_file.h"

namespace joule::cli {

/// The files that were asked for: refused before a run, written after it.
class Outputs {
 public:
  /// Nothing for an empty path, and for "-": standard output.
  ///
  /// Errors    DataError if there can be no such file.
  void add(const std::string& path);
  /// As a whole; nothing for an empty path.
  ///
  /// Errors    DataError if it cannot be written.
  void write(const std::string& path, const std::string& text);

 private:
  std::map<std::string, std::unique_ptr<AtomicFile>> files_;
};

}  // namespace joule::cli
