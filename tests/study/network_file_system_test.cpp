// SPDX-License-Identifier: MIT
#include "joule/study/storage/network_file_system.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "joule/core/error.h"
#include "joule/study/storage/storage.h"
#include "joule/tests/support/files.h"

namespace joule::study {
namespace {

/// File systems of these types; what is not listed does not exist.
auto machine(std::map<std::string, long> types) {
  return [types = std::move(types)](const std::string& path) -> std::optional<long> {
    const auto found = types.find(path);
    return found == types.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(NetworkFileSystem, IsKnownByItsNumber) {
  const std::map<long, std::string> types{
      {0x6969, "NFS"},
      {0xFF534D42, "CIFS"},
      {static_cast<std::int32_t>(0xFF534D42), "CIFS"},  // with its sign
      {0x0BD00BD0, "Lustre"},
      {0xEF53, ""},      // ext4
      {0x01021994, ""},  // tmpfs
      {0x58465342, ""},  // xfs
      {0x794C7630, ""},  // overlayfs
  };
  for (const auto& [type, name] : types) {
    EXPECT_EQ(network_file_system("/s/study.db", machine({{"/s/study.db", type}})), name) << type;
  }
}

TEST(NetworkFileSystem, OfAFileThatIsNotThereIsThatOfItsFolder) {
  EXPECT_EQ(network_file_system("/shared/study.db", machine({{"/shared", 0x6969}})), "NFS");
  EXPECT_EQ(network_file_system("/shared/study.db", machine({{"/", 0x6969}})), "");  // no folder
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(network_file_system("study.db", machine({{here, 0x6969}})), "NFS");
  // The file itself may be a link to elsewhere.
  EXPECT_EQ(network_file_system("/shared/study.db",
                                machine({{"/shared", 0x6969}, {"/shared/study.db", 0xEF53}})),
            "");
}

TEST(NetworkFileSystem, TheKernelIsAsked) {
  EXPECT_EQ(file_system_type("/proc"), 0x9FA0);
  EXPECT_EQ(file_system_type("/there/is/no/such/file"), std::nullopt);
}

}  // namespace
}  // namespace joule::study
