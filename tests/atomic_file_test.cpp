// SPDX-License-Identifier: MIT
#include "data/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/input_file.h"
#include "tests/files.h"

namespace joule {
namespace {

using namespace test;

TEST(AtomicFile, ReplacesTheContents) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  write_file_atomically(path, "a long first version");
  write_file_atomically(path, "second");
  EXPECT_EQ(read_file(path), "second");
  write_file_atomically(path, "");
  EXPECT_EQ(read_file(path), "");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST(AtomicFile, HonoursTheUmask) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  write_file_atomically(folder / "file", "x");
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat((folder / "file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST(AtomicFile, WithoutCommitTheOldContentsStay) {
  const TemporaryFolder folder;
  const std::string path = write(folder / "file", "old");
  {
    AtomicFile file(path);
    file.write("new", 3);
    EXPECT_EQ(read_file(path), "old");
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST(AtomicFile, TakesOverWhatAKilledWriterLeft) {
  const TemporaryFolder folder;
  const std::string path = write(folder / "file", "old");
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(path);
    file.write("half of the new contents", 24);
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(read_file(path), "old");
  ASSERT_EQ(read_file(path + ".tmp"), "half of the new contents");
  write_file_atomically(path, "new");
  EXPECT_EQ(read_file(path), "new");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST(AtomicFile, OneWriterAtATime) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  AtomicFile first(path);
  first.write("first", 5);
  EXPECT_EQ(data_error_of([&] { write_file_atomically(path, "second"); }),
            path + ": cannot be written: somebody else is writing it");
  first.commit();
  EXPECT_EQ(read_file(path), "first");
}

TEST(AtomicFile, SaysWhyItCannotWrite) {
  const TemporaryFolder folder;
  const std::string missing = folder / "no/such/folder/file";
  EXPECT_EQ(data_error_of([&] { write_file_atomically(missing, "x"); }),
            missing + ": cannot be written: No such file or directory");
  const std::string below_a_file = write(folder / "file", "x") + "/file";
  EXPECT_EQ(data_error_of([&] { write_file_atomically(below_a_file, "x"); }),
            below_a_file + ": cannot be written: Not a directory");
  const std::string is_folder = folder / "folder";
  std::filesystem::create_directory(is_folder);
  EXPECT_EQ(data_error_of([&] { write_file_atomically(is_folder, "x"); }),
            is_folder + ": cannot be written: Is a directory");
  EXPECT_FALSE(std::filesystem::exists(is_folder + ".tmp"));
}

TEST(AtomicFile, AnUnwritableFolderIsAnError) {
  const TemporaryFolder folder;
  const std::string path = write(folder / "file", "old");
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0555});
  const uid_t user = ::geteuid();
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::seteuid(user == 0 ? kNobody : user), 0);  // root may write anywhere
  const std::string message = data_error_of([&] { write_file_atomically(path, "x"); });
  ASSERT_EQ(::seteuid(user), 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  EXPECT_EQ(message, path + ": cannot be written: Permission denied");
  EXPECT_EQ(read_file(path), "old");
}

}  // namespace
}  // namespace joule
