// SPDX-License-Identifier: MIT
#include "joule/energy/meters/cpu_scope.h"

namespace joule::energy {

std::string cpu_scope(const std::set<int>& packages, bool dram) {
  std::string text = packages.size() == 1 ? "package " : "packages ";
  std::size_t left = packages.size();
  for (const int package : packages) {
    text += std::to_string(package);
    --left;
    if (left > 0) text += left == 1 ? " and " : ", ";
  }
  return text + (dram ? " + DRAM" : ", without DRAM");
}

std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace joule::energy
