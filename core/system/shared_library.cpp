// SPDX-License-Identifier: MIT
#include "joule/core/system/shared_library.h"

#include <dlfcn.h>

#include "joule/core/error.h"

namespace joule {

SharedLibrary::SharedLibrary(std::initializer_list<const char*> paths) {
  std::string reasons;
  for (const char* const path : paths) {
    handle_ = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle_) return;
    const char* const why = dlerror();
    reasons += str(reasons.empty() ? "" : "; ", why ? why : path);
  }
  problem_ = reasons;
}

void* SharedLibrary::address(const char* name) {
  if (!handle_) return nullptr;
  void* const found = dlsym(handle_, name);
  if (!found && problem_.empty()) problem_ = str("the library has no ", name);
  return found;
}

}  // namespace joule
