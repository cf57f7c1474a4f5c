// SPDX-License-Identifier: MIT
#include "joule/study/storage/network_file_system.h"

#include <sys/vfs.h>

#include <array>
#include <filesystem>
#include <utility>

namespace joule::study {
namespace {

constexpr std::array<std::pair<unsigned long, const char*>, 14> kNetwork{{
    {0x6969, "NFS"},
    {0x517B, "SMB"},
    {0xFF534D42, "CIFS"},
    {0xFE534D42, "SMB"},
    {0x0BD00BD0, "Lustre"},
    {0x47504653, "GPFS"},
    {0x19830326, "BeeGFS"},
    {0x00C36400, "CephFS"},
    {0x5346414F, "AFS"},
    {0x6B414653, "AFS"},
    {0xAAD7AAEA, "PanFS"},
    {0x01161970, "GFS2"},
    {0x7461636F, "OCFS2"},
    {0x73757245, "Coda"},
}};

}  // namespace

std::optional<long> file_system_type(const std::string& path) {
  struct statfs about {};
  if (::statfs(path.c_str(), &about) != 0) return {};
  return static_cast<long>(about.f_type);
}

std::string network_file_system(
    const std::string& path,
    const std::function<std::optional<long>(const std::string&)>& type_of) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::optional<long> type = type_of(path);
  if (!type) {
    const fs::path folder = fs::absolute(path, ignored).parent_path();
    type = type_of(folder.string());
  }
  if (!type) return {};
  for (const auto& [number, name] : kNetwork) {
    // Some kernels hand out the number with its sign.
    if (static_cast<std::uint32_t>(*type) == number) return name;
  }
  return {};
}

}  // namespace joule::study
