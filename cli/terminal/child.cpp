// SPDX-License-Identifier: MIT
#include "joule/cli/terminal/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "joule/cli/terminal/interrupt.h"
#include "joule/core/error.h"

namespace joule::cli {
namespace {

/// Until the end of the block the signals to pass on, and SIGCHLD, wait to be fetched.
class Held {
 public:
  Held() {
    std::signal(SIGCHLD,
                SIG_DFL);  // if it were ignored, as the parent may have left it, no end is told
    sigemptyset(&held_);
    for (const int s : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD}) {
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

/// What becomes known of the command, in a pipe to this program.
struct Report {
  enum Kind : int { not_started, ended } kind;
  int value;  // an errno; a status as of wait()
};

// From here on code runs in a copy of a program with threads: only what a signal handler may do,
// too, and no allocation.

/// Sent to the guard when this program has died.
constexpr int kOrphaned = SIGALRM;

void tell(int pipe, Report report) {
  // If that fails, the program that would read it is gone.
  [[maybe_unused]] const ssize_t written = write(pipe, &report, sizeof report);
}

/// Becomes the command, which ends with the guard.
[[noreturn]] void become(char* const* arguments, pid_t guard, const sigset_t& mask,
                         const std::vector<int>& ignored, int pipe) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != guard) _exit(127);  // it died before that
  // What this program ignores, the command would too.
  for (const int signal : ignored) std::signal(signal, SIG_DFL);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execvp(arguments[0], arguments);
  tell(pipe, {Report::not_started, errno});
  _exit(127);
}

/// Kills the children of this process, as far as the kernel lists them.
void kill_children(pid_t command) {
  kill(command, SIGKILL);
  const int file = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  char text[4096];  // more of them than fit are seen next time
  const ssize_t size = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  pid_t pid = 0;
  for (ssize_t i = 0; i < size; ++i) {
    if (text[i] >= '0' && text[i] <= '9') {
      pid = 10 * pid + (text[i] - '0');
    } else if (pid > 0) {
      kill(pid, SIGKILL);
      pid = 0;
    }
  }
}

/// Runs the command, passes on what `parent` sends, and tells how it ended.  If `parent` dies
/// before that, so do the command and all that it has started: as the guard is their reaper, it
/// inherits them one by one, whatever process group or session they are in.
[[noreturn]] void guard(char* const* arguments, pid_t parent, const Held& held,
                        const std::vector<int>& ignored, int pipe) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_PDEATHSIG, kOrphaned);
  if (getppid() != parent) _exit(0);  // it died before that
  const pid_t self = getpid();
  const pid_t command = fork();
  if (command == 0) become(arguments, self, held.before(), ignored, pipe);
  if (command < 0) {
    tell(pipe, {Report::not_started, errno});
    _exit(0);
  }
  for (;;) {
    siginfo_t info{};
    const int caught = sigwaitinfo(&held.signals(), &info);
    int status = 0;
    if (caught == SIGCHLD) {
      for (pid_t child; (child = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (child != command) continue;
        tell(pipe, {Report::ended, status});
        _exit(0);
      }
    } else if (caught == kOrphaned && getppid() != parent) {
      do {
        kill_children(command);
      } while (waitpid(-1, &status, 0) > 0);
      _exit(0);
    } else if (caught > 0 && info.si_pid == parent) {
      kill(command, caught);
    }
  }
}

// To here.

/// Until the guard has ended.
void wait_passing_signals_on(pid_t guard, const sigset_t& held) {
  for (;;) {
    siginfo_t info{};
    const int caught = sigwaitinfo(&held, &info);
    if (caught == SIGCHLD) {
      int status = 0;
      if (waitpid(guard, &status, WNOHANG) == guard) return;
    } else if (caught > 0 && info.si_code <= 0) {  // sent by a process, not by the terminal
      kill(guard, caught);
    }
  }
}

/// The first that was told: a command that could not be started ends, too.
Report read_report(int pipe) {
  Report report{};
  if (read(pipe, &report, sizeof report) == sizeof report) return report;
  return {Report::ended, SIGKILL};  // the guard was killed, and with it the command
}

}  // namespace

Ended run_child(const std::vector<std::string>& command) {
  require(!command.empty() && !command.front().empty(), "there is no command to run");
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  const Held held;
  const auto failed = [&](int error) {
    return Ended{.exit_code = error == ENOENT ? 127 : 126,
                 .problem = str(command.front(), ": cannot be run: ", std::strerror(error))};
  };
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC)) return failed(errno);
  const std::vector<int> ignored = ignored_here();
  const pid_t self = getpid();
  const pid_t guarding = fork();
  if (guarding == 0) guard(arguments.data(), self, held, ignored, pipe[1]);
  const int fork_error = errno;
  close(pipe[1]);
  if (guarding > 0) wait_passing_signals_on(guarding, held.signals());
  const Report report =
      guarding > 0 ? read_report(pipe[0]) : Report{Report::not_started, fork_error};
  close(pipe[0]);
  if (report.kind == Report::not_started) return failed(report.value);
  const int status = report.value;
  if (WIFEXITED(status)) return {.exit_code = WEXITSTATUS(status)};
  return {.exit_code = 128 + WTERMSIG(status), .signal = WTERMSIG(status)};
}

}  // namespace joule::cli
