// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>

namespace joule {

/// A library that is loaded when it is first needed, so that runs that never call it spend neither
/// time nor memory on it.  It is never unloaded.
class SharedLibrary {
 public:
  /// Opens the first of the paths that can be opened.
  explicit SharedLibrary(std::initializer_list<const char*> paths);

  /// Why it cannot be used: no path could be opened, or a function is missing.  Empty if it can.
  const std::string& problem() const { return problem_; }

  /// Sets `function` to the function `name`; if there is none, problem() says so.
  template <class Function>
  void find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(address(name));
  }

 private:
  void* address(const char* name);

  void* handle_ = nullptr;
  std::string problem_;
};

}  // namespace joule
