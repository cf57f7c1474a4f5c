// SPDX-License-Identifier: MIT
#include "joule/core/system/shared_library.h"

#include <dlfcn.h>

#include "joule/core/error.h"

namespace joule {

SharedLibrary::SharedLibrary(const std::vector<std::string>& paths) {
  std::string reasons;
  for (const std::string& path : paths) {
    handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_) return;
    const char* const why = dlerror();
    reasons += str(reasons.empty() ? "" : "; ", why ? why : path);
  }
  problem_ = reasons;
}

void* SharedLibrary::address(const char* name) const {
  return handle_ ? dlsym(handle_, name) : nullptr;
}

}  // namespace joule
