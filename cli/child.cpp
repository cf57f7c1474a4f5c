// SPDX-License-Identifier: MIT
#include "cli/child.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "cli/interrupt.h"
#include "core/error.h"

namespace joule::cli {
namespace {

/// Until the end of the block the signals to pass on, and SIGCHLD, wait to be fetched.
class Held {
 public:
  Held() {
    std::signal(SIGCHLD,
                SIG_DFL);  // if it were ignored, as somebody may have left it, no end is told
    sigemptyset(&held_);
    for (const int s : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) {
      sigaddset(&held_, s);
    }
    pthread_sigmask(SIG_BLOCK, &held_, &before_);
  }
  ~Held() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  const sigset_t& signals() const { return held_; }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t held_, before_;
};

/// Starts the command; an errno if that cannot be done.
int spawn(const std::vector<std::string>& command, const sigset_t& mask, pid_t& child) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  sigset_t defaults;  // what this program ignores, the command would too
  sigemptyset(&defaults);
  for (const int signal : ignored_here()) sigaddset(&defaults, signal);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setsigmask(&attributes, &mask);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  const int error =
      posix_spawnp(&child, arguments.front(), nullptr, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  return error;
}

int wait_passing_signals_on(pid_t child, const sigset_t& held) {
  for (;;) {
    siginfo_t info{};
    const int caught = sigwaitinfo(&held, &info);
    if (caught == SIGCHLD) {
      int status = 0;
      if (waitpid(child, &status, WNOHANG) == child) return status;
    } else if (caught > 0 && info.si_code <= 0) {  // sent by a process, not by the terminal
      kill(child, caught);
    }
  }
}

}  // namespace

Ended run_child(const std::vector<std::string>& command) {
  require(!command.empty() && !command.front().empty(), "there is no command to run");
  const Held held;
  pid_t child = 0;
  if (const int error = spawn(command, held.before(), child)) {
    return {.exit_code = error == ENOENT ? 127 : 126,
            .problem = str(command.front(), ": cannot be run: ", std::strerror(error))};
  }
  const int status = wait_passing_signals_on(child, held.signals());
  if (WIFEXITED(status)) return {.exit_code = WEXITSTATUS(status)};
  return {.exit_code = 128 + WTERMSIG(status), .signal = WTERMSIG(status)};
}

}  // namespace joule::cli
