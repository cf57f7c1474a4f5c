// SPDX-License-Identifier: MIT
#include "joule/core/system/processors.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

namespace joule {
namespace {

namespace fs = std::filesystem;

constexpr double kUnlimited = std::numeric_limits<double>::infinity();

/// quota / period in microseconds; what is no positive number ("max", -1) limits nothing.
double processors_of(const std::string& quota, const std::string& period) {
  double microseconds = 0, per = 0;
  if (!(std::istringstream(quota) >> microseconds) || microseconds <= 0) return kUnlimited;
  if (!(std::istringstream(period) >> per) || per <= 0) return kUnlimited;
  return microseconds / per;
}

std::string word_of(const fs::path& file) {
  std::string word;
  std::ifstream(file) >> word;
  return word;
}

/// What the group in this folder may use, by either version's files.
double quota_in(const fs::path& folder) {
  std::string quota, period;
  std::ifstream(folder / "cpu.max") >> quota >> period;
  const double unified = processors_of(quota, period);
  const double legacy =
      processors_of(word_of(folder / "cpu.cfs_quota_us"), word_of(folder / "cpu.cfs_period_us"));
  return std::min(unified, legacy);
}

/// Whether `list`, whose words commas part, holds `word`.
bool holds(const std::string& list, std::string_view word) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, ',');) {
    if (one == word) return true;
  }
  return false;
}

/// A line of /proc/self/mountinfo that mounts the groups which limit processors.
struct Mount {
  std::string root, at;  // the group that is seen there, and where
  bool unified = false;
};

std::optional<Mount> mount_of(const std::string& line) {
  std::istringstream words(line);
  std::string id, parent, device, word, type, source, options;
  Mount mount;
  words >> id >> parent >> device >> mount.root >> mount.at;
  while (words >> word && word != "-") {
  }
  words >> type >> source >> options;
  mount.unified = type == "cgroup2";
  if (mount.unified || (type == "cgroup" && holds(options, "cpu"))) return mount;
  return std::nullopt;
}

/// The group of this process in that hierarchy, as /proc/self/cgroup names it.
std::string group_in(const fs::path& root, const Mount& mount) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // number:controllers:group
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (mount.unified ? controllers.empty() : holds(controllers, "cpu")) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

/// The least of the quotas from the process's group up to the one that is mounted: a container that
/// has a namespace of its own for groups, or none, sees only a part of the path.
double quota_under(const fs::path& root, const Mount& mount) {
  const fs::path at = root / fs::path(mount.at).relative_path();
  const fs::path inside = fs::path(group_in(root, mount)).lexically_relative(mount.root);
  double least = quota_in(at);
  fs::path folder = at;
  for (const fs::path& name : inside) {
    if (name == "..") return least;  // of somewhere else
    folder /= name;
    least = std::min(least, quota_in(folder));
  }
  return least;
}

}  // namespace

int usable_processors(const std::string& root) {
  double least = omp_get_num_procs();  // by the affinity mask
  std::ifstream mounts(fs::path(root) / "proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (const auto mount = mount_of(line)) least = std::min(least, quota_under(root, *mount));
  }
  return std::max(1, static_cast<int>(std::ceil(least)));
}

}  // namespace joule
