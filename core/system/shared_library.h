// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace joule {

/// A library that is loaded when it is first needed, so that runs that never call it spend neither
/// time nor memory on it.  It is never unloaded.
class SharedLibrary {
 public:
  /// Opens the first of the paths that can be opened.
  explicit SharedLibrary(const std::vector<std::string>& paths);
  explicit SharedLibrary(std::initializer_list<const char*> paths)
      : SharedLibrary(std::vector<std::string>(paths.begin(), paths.end())) {}

  /// Why it cannot be used: no path could be opened, or a function is missing.  Empty if it can.
  const std::string& problem() const { return problem_; }

  /// Sets `function` to the function `name`; if there is none, problem() says so.
  template <class Function>
  void find(Function*& function, const char* name) {
    find_if_there(function, name);
    if (!function && problem_.empty()) problem_ = "the library has no " + std::string(name);
  }
  /// The same of one that can be done without: null if there is none.
  template <class Function>
  void find_if_there(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(address(name));
  }

 private:
  void* address(const char* name) const;

  void* handle_ = nullptr;
  std::string problem_;
};

}  // namespace joule
