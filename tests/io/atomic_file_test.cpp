// SPDX-License-Identifier: MIT
#include "joule/io/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "joule/io/input_file.h"
#include "joule/tests/support/files.h"

namespace joule {
namespace {

using namespace test;

constexpr uid_t kNobody = 65534;

TEST(AtomicFile, ReplacesTheContents) {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  write_file_atomically(path, "a long first version");
  write_file_atomically(path, "second");
  EXPECT_EQ(read_file(path), "second");
  write_file_atomically(path, "");
  EXPECT_EQ(read_file(path), "");
  EXPECT_FALSE(std::filesystem::exists(path + ".joule.tmp"));
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
  EXPECT_FALSE(std::filesystem::exists(path + ".joule.tmp"));
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
  ASSERT_EQ(read_file(path + ".joule.tmp"), "half of the new contents");
  write_file_atomically(path, "new");
  EXPECT_EQ(read_file(path), "new");
  EXPECT_FALSE(std::filesystem::exists(path + ".joule.tmp"));
}

TEST(AtomicFile, NeverWritesIntoWhatLiesAtTheTemporaryName) {
  const TemporaryFolder folder;
  const std::string path = folder / "file", precious = write(folder / "precious", "precious");
  write(path + ".tmp", "somebody's own");
  std::filesystem::create_hard_link(precious, path + ".joule.tmp");
  write_file_atomically(path, "new");
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(read_file(precious), "precious");
  EXPECT_EQ(read_file(path + ".tmp"), "somebody's own");
  std::filesystem::create_symlink("precious", path + ".joule.tmp");
  EXPECT_EQ(data_error_of([&] { write_file_atomically(path, "x"); }),
            path + ": cannot be written: Too many levels of symbolic links");
  EXPECT_EQ(read_file(precious), "precious");
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
  EXPECT_FALSE(std::filesystem::exists(is_folder + ".joule.tmp"));
}

TEST(AtomicFile, AnUnwritableFolderIsAnError) {
  const TemporaryFolder folder;
  const std::string path = write(folder / "file", "old");
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0555});
  const uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? kNobody : user), 0);  // root may write anywhere
  const std::string message = data_error_of([&] { write_file_atomically(path, "x"); });
  ASSERT_EQ(::seteuid(user), 0);
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  EXPECT_EQ(message, path + ": cannot be written: Permission denied");
  EXPECT_EQ(read_file(path), "old");
}

TEST(AtomicFile, KeepsAReadOnlyFile) {
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::all);
  const std::string path = write(folder / "file", "kept");
  std::filesystem::permissions(path, std::filesystem::perms{0444});
  const uid_t user = ::geteuid();
  ASSERT_EQ(::seteuid(user == 0 ? kNobody : user), 0);  // root may write anything
  const std::string message = data_error_of([&] { write_file_atomically(path, "x"); });
  ASSERT_EQ(::seteuid(user), 0);
  EXPECT_EQ(message, path + ": cannot be written: Permission denied");
  EXPECT_EQ(read_file(path), "kept");
}

TEST(AtomicFile, KeepsPermissionsAndOwner) {
  const TemporaryFolder folder;
  const std::string path = write(folder / "file", "old");
  std::filesystem::permissions(path, std::filesystem::perms{0600});
  const bool root = ::geteuid() == 0;
  ASSERT_TRUE(!root || ::chown(path.c_str(), kNobody, kNobody) == 0);
  {
    AtomicFile file(path);
    struct stat temporary {};
    ASSERT_EQ(::stat((path + ".joule.tmp").c_str(), &temporary), 0);
    EXPECT_EQ(temporary.st_mode & 0777, 0600u);  // from the start: nobody reads along
    file.write("new", 3);
    file.commit();
  }
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_TRUE(!root || status.st_uid == kNobody);
  EXPECT_EQ(read_file(path), "new");
}

TEST(AtomicFile, ThroughLinksTheTargetIsReplaced) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "there");
  const std::string target = write(folder / "there/file", "old");
  std::filesystem::create_symlink("there/second", folder / "first");
  std::filesystem::create_symlink("file", folder / "there/second");
  {
    AtomicFile file(folder / "first");
    EXPECT_EQ(data_error_of([&] { AtomicFile other(target); }),
              target + ": cannot be written: somebody else is writing it");
    file.write("new", 3);
    file.commit();
  }
  EXPECT_EQ(read_file(target), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "first"));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "there/second"));
  std::filesystem::create_symlink("missing", folder / "dangling");
  write_file_atomically(folder / "dangling", "made");
  EXPECT_EQ(read_file(folder / "missing"), "made");
  std::filesystem::create_symlink("round", folder / "round");
  EXPECT_EQ(data_error_of([&] { write_file_atomically(folder / "round", "x"); }),
            folder / "round" + ": cannot be written: Too many levels of symbolic links");
}

TEST(AtomicFile, DevicesAndPipesStayWhatTheyAre) {
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  write_file_atomically(pipe, "through");
  char read[8] = {};
  EXPECT_EQ(::read(reader, read, sizeof read), 7);
  EXPECT_STREQ(read, "through");
  ::close(reader);
  struct stat status {};
  ASSERT_EQ(::lstat(pipe.c_str(), &status), 0);
  EXPECT_TRUE(S_ISFIFO(status.st_mode));
  const std::string null = folder / "null";
  if (::mknod(null.c_str(), S_IFCHR | 0666, ::makedev(1, 3)) != 0) {
    GTEST_SKIP() << "only root makes devices";
  }
  const int device = ::open(null.c_str(), O_WRONLY);
  if (device < 0) GTEST_SKIP() << "devices of this file system cannot be opened";
  ::close(device);
  write_file_atomically(null, "nowhere");
  ASSERT_EQ(::lstat(null.c_str(), &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

TEST(AtomicFile, AnOpenDescriptorIsWrittenToAsItIs) {
  const TemporaryFolder folder;
  const std::string path = write(folder / "file", "before ");
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_APPEND);
  write_file_atomically("/dev/fd/" + std::to_string(descriptor), "after");
  ::close(descriptor);
  EXPECT_EQ(read_file(path), "before after");
}

TEST(AtomicFile, RefusesSocketsAndBlockDevices) {
  const TemporaryFolder folder;
  const std::string socket = folder / "socket";
  ASSERT_EQ(::mknod(socket.c_str(), S_IFSOCK | 0600, 0), 0);
  EXPECT_EQ(data_error_of([&] { write_file_atomically(socket, "x"); }),
            socket + ": cannot be written: is a socket");
  const std::string block = folder / "block";
  if (::mknod(block.c_str(), S_IFBLK | 0600, ::makedev(240, 0)) != 0) {
    GTEST_SKIP() << "only root makes devices";
  }
  EXPECT_EQ(data_error_of([&] { write_file_atomically(block, "x"); }),
            block + ": cannot be written: is a block device");
}

}  // namespace
}  // namespace joule
