// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "joule/core/system/shared_library.h"
#include "joule/energy/meter.h"

// AMD's management library, loaded when it is wanted.  These are declarations of our own, of its
// binary interface: rocm_smi.h need not be installed.
namespace joule::energy::rocm {

using Return = std::uint32_t;
inline constexpr Return kSuccess = 0, kNotSupported = 2, kNoPermission = 4, kNotInitialised = 8,
                        kNotImplemented = 9, kNotFound = 10;
/// Whether a GPU that answered so will answer nothing else any more.
constexpr bool is_final(Return code) {
  return code == kNotSupported || code == kNoPermission || code == kNotImplemented ||
         code == kNotFound;
}
Status status_of(Return code);

inline constexpr std::size_t kTextSize = 128;     // of the buffers for names and versions
inline constexpr std::uint32_t kDriver = 0;       // whose version is asked for
inline constexpr std::uint32_t kFirstSensor = 0;  // of power

/// The functions that are used; a GPU is a number from 0.
struct Functions {
  Return (*init)(std::uint64_t flags);
  Return (*shut_down)();
  Return (*status_string)(Return, const char**);
  Return (*device_count)(std::uint32_t*);
  Return (*name)(std::uint32_t, char*, std::size_t);
  /// Domain << 32 | partition << 28 | bus << 8 | device << 3 | function.
  Return (*pci_id)(std::uint32_t, std::uint64_t*);
  /// Ticks since the driver was loaded; microjoules of a tick; nanoseconds.
  Return (*energy_count)(std::uint32_t, std::uint64_t*, float*, std::uint64_t*);
  // Each of the others may be null.
  Return (*power_cap)(std::uint32_t, std::uint32_t sensor, std::uint64_t*);  // uW
  Return (*version)(std::uint32_t component, char*, std::uint32_t);
};

/// The loaded and initialised library.
class Library {
 public:
  struct Loaded {
    std::shared_ptr<Library> library;  // null if it cannot be used:
    Status status = Status::ok;
    std::string reason;
  };
  /// The first of the paths that can be opened.
  static Loaded load(const std::vector<std::string>& paths);

  ~Library();
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const Functions& call() const { return functions_; }
  /// "rsmi_init: Permission denied".
  std::string text(const char* function, Return code) const;

 private:
  explicit Library(const std::vector<std::string>& paths);

  SharedLibrary file_;
  bool initialised_ = false;
  Functions functions_{};
};

}  // namespace joule::energy::rocm
