// SPDX-License-Identifier: MIT
#include <algorithm>
#include <filesystem>

#include "joule/core/error.h"
#include "joule/exchange/tensorboard/event_file.h"

namespace joule::exchange {

std::vector<std::string> event_files(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  std::error_code error;
  if (!fs::exists(folder, error) && !error) return names;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.find("tfevents") != std::string::npos) names.push_back(name);
  }
  if (error) throw DataError(str(folder, ": cannot be read: ", error.message()));
  std::ranges::sort(names);
  return names;
}

}  // namespace joule::exchange
