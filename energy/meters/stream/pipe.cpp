// SPDX-License-Identifier: MIT
#include "joule/energy/meters/stream/pipe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string>
#include <thread>

#include "joule/core/error.h"

extern char** environ;

namespace joule::energy {
namespace {

/// A command gets so long to end by SIGTERM.
constexpr int kPatienceMs = 500;

std::string because(const std::string& what) { return str(what, ": ", std::strerror(errno)); }

}  // namespace

StreamPipe::StreamPipe(const StreamSpec& spec) {
  int opened = -1;
  switch (spec.from) {
    case StreamSpec::From::path:
      opened = open_path(spec.source);
      break;
    case StreamSpec::From::tcp:
      opened = connect_to(std::stoi(spec.source));
      break;
    case StreamSpec::From::command:
      opened = start(spec.source);
      break;
  }
  file_ = std::make_unique<Descriptor>(opened);
  if (opened >= 0) ::fcntl(opened, F_SETFL, ::fcntl(opened, F_GETFL) | O_NONBLOCK);
}

StreamPipe::~StreamPipe() {
  if (child_ == 0) return;
  ::kill(-child_, SIGTERM);
  for (int waited = 0; waited < kPatienceMs; ++waited) {
    if (::waitpid(child_, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ::kill(-child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

int StreamPipe::open_path(const std::string& path) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  struct stat what {};
  if (opened < 0) {
    problem_ = because(path);
  } else if (::fstat(opened, &what) == 0) {
    ends_ = !S_ISFIFO(what.st_mode) && !S_ISCHR(what.st_mode);
  }
  return opened;
}

int StreamPipe::connect_to(int port) {
  const int opened = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (opened < 0 ||
      ::connect(opened, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    problem_ = because(str("127.0.0.1:", port));
  }
  return opened;
}

int StreamPipe::start(const std::string& command) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    problem_ = because("pipe");
    return -1;
  }
  const Descriptor writer(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawnattr_init(&attributes);
  // A group of its own: what the shell starts ends with it, and Ctrl-C is for Joule's command.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::string text = command, shell = "sh", option = "-c";
  std::array<char*, 4> arguments{shell.data(), option.data(), text.data(), nullptr};
  pid_t child = 0;
  errno = ::posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments.data(), environ);
  if (errno != 0) {
    problem_ = because("/bin/sh");
  } else {
    child_ = child;
  }
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return ends[0];
}

std::string StreamPipe::read() {
  std::string all;
  std::array<char, 4096> buffer;
  while (problem_.empty()) {
    const ssize_t got = ::read(file_->get(), buffer.data(), buffer.size());
    if (got > 0) {
      all.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got == 0) {
      if (ends_) problem_ = "the stream has ended";
      break;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      problem_ = because("the stream");
    }
  }
  return all;
}

}  // namespace joule::energy
