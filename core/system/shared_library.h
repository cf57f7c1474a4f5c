// SPDX-License-Identifier: MIT
#pragma once

#include <initializer_list>
#include <string>

namespace joule {

/// A library that is loaded when it is needed: what most runs never call should cost them neither
/// the time nor the memory to load it.  Stays loaded to the end.
class SharedLibrary {
 public:
  /// Opens the first of the paths that can be opened.
  explicit SharedLibrary(std::initializer_list<const char*> paths);

  /// Why it cannot be used: no path can be opened, or it lacks a function.  Empty if it can.
  const std::string& problem() const { return problem_; }

  /// Sets `function` to that of the name; if there is none, problem() says so.
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
