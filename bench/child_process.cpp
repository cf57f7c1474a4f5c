// SPDX-License-Identifier: MIT
#include "joule/bench/child_process.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <stdexcept>

#include "joule/core/error.h"

namespace joule::bench {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

/// A file without a name, so that a child that writes more than a pipe holds is never stuck.
File temporary() {
  File file(std::tmpfile());
  if (!file) throw std::runtime_error(str("no temporary file: ", std::strerror(errno)));
  return file;
}

std::string contents(const File& file) {
  std::rewind(file.get());
  std::string text;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, file.get())) {
    text.append(buffer, n);
  }
  return text;
}

std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

/// How the child ended.  Errors: Stopped.
int status_of(pid_t child, const std::function<bool()>& stop) {
  constexpr timespec kPause{.tv_nsec = 20'000'000};  // next to nothing of the processor's time
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (stop && stop()) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      throw Stopped();
    }
    nanosleep(&kPause, nullptr);  // a signal that is caught ends it
  }
  return status;
}

}  // namespace

std::string output_of(const std::vector<std::string>& command, const std::function<bool()>& stop) {
  require(!command.empty(), "child process: there is no program to run");
  const File out = temporary(), error = temporary();
  std::vector<char*> arguments;
  for (const std::string& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(error.get()), STDERR_FILENO);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed) throw std::runtime_error(str(command[0], ": ", std::strerror(failed)));
  const int status = status_of(child, stop);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return contents(out);
  const std::string how = WIFSIGNALED(status) ? str("was ended by signal ", WTERMSIG(status))
                                              : str("ended with status ", WEXITSTATUS(status));
  throw std::runtime_error(str(command[0], " ", how, ": ", last_line(contents(error))));
}

}  // namespace joule::bench
