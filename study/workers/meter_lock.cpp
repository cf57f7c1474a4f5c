// SPDX-License-Identifier: MIT
#include "joule/study/workers/meter_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "joule/core/error.h"
#include "joule/study/workers/worker_process.h"

namespace joule::study {
namespace {

/// A name of a file: what is no letter, digit, '-' or '.' becomes '_'.
std::string as_file_name(std::string text) {
  for (char& c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!plain && c != '-' && c != '.') c = '_';
  }
  return text;
}

/// Every user may lock it.  One that is there is opened without O_CREAT, which the kernel refuses
/// for another user's file in /tmp (fs.protected_regular).
int open_lock(const std::string& path) {
  for (;;) {
    const int there = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (there >= 0 || errno != ENOENT) return there;
    const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (made >= 0 || errno != EEXIST) return made;
  }
}

}  // namespace

std::optional<MeterLock> MeterLock::wait(std::vector<std::string> meters,
                                         const std::function<bool()>& stop,
                                         const std::string& folder) {
  std::ranges::sort(meters);
  meters.erase(std::unique(meters.begin(), meters.end()), meters.end());
  MeterLock lock;
  const std::string host = this_process().host;
  for (const std::string& meter : meters) {
    require(!meter.empty(), "a meter to lock has no name");
    const std::string path =
        str(folder, "/joule-meter-", as_file_name(host), "-", as_file_name(meter), ".lock");
    const int descriptor = open_lock(path);
    if (descriptor < 0) {
      throw DataError(str(path, ": cannot be opened, so two trials could measure by the meter ",
                          meter, " at a time: ", std::strerror(errno)));
    }
    lock.held_.emplace_back(descriptor);
    while (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) {
        throw DataError(str(path, ": cannot be locked, so two trials could measure by the meter ",
                            meter, " at a time: ", std::strerror(errno)));
      }
      if (stop && stop()) return {};
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  return lock;
}

std::vector<std::string> locks_of(const training::Metering& metering) {
  std::vector<std::string> names;
  for (const auto& meter : metering.meters()) {
    const energy::MeterInfo& info = meter->info();
    if (!meter->available() || energy::is_replay(info.name)) continue;
    names.push_back(info.name + " " + info.scope);
  }
  return names;
}

}  // namespace joule::study
