// SPDX-License-Identifier: MIT
#include "joule/cli/output/outputs.h"

#include <fmt/core.h>

namespace joule::cli {

void Outputs::add(const std::string& path) {
  if (!path.empty() && path != "-") files_.try_emplace(path, std::make_unique<AtomicFile>(path));
}

void Outputs::write(const std::string& path, const std::string& text) {
  if (path.empty()) return;
  if (path == "-") {
    fmt::print("{}", text);
    return;
  }
  files_.at(path)->write(text.data(), text.size());
  files_.at(path)->commit();
}

}  // namespace joule::cli
