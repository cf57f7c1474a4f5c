// SPDX-License-Identifier: MIT
#include "joule/study/workers/worker_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "joule/core/error.h"

namespace joule::study {
namespace {

constexpr std::size_t kTail = 4096;

/// Runs in a copy of a process that may have had threads: only what a signal handler may do, too.
[[noreturn]] void become(char* const* arguments, pid_t parent, int errors) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before that
  setpgid(0, 0);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  dup2(errors, STDOUT_FILENO);
  dup2(errors, STDERR_FILENO);
  execvp(arguments[0], arguments);
  constexpr std::string_view kText = "cannot be started\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kText.data(), kText.size());
  _exit(127);
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t newline = text.rfind('\n');
  return newline == std::string::npos ? text : text.substr(newline + 1);
}

/// Adds what can be read without waiting; false at the end.
bool read_into(std::string& tail, int descriptor) {
  std::array<char, kTail> bytes{};
  const ssize_t got = read(descriptor, bytes.data(), bytes.size());
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  tail.append(bytes.data(), static_cast<std::size_t>(got));
  if (tail.size() > kTail) tail.erase(0, tail.size() - kTail);
  return got > 0;
}

}  // namespace

WorkerPool::~WorkerPool() {
  for (const Worker& worker : workers_) {
    kill(worker.process.pid, SIGKILL);
    int status = 0;
    while (waitpid(worker.process.pid, &status, 0) < 0 && errno == EINTR) {
    }
    close(worker.errors);
  }
}

void WorkerPool::start() {
  std::vector<char*> arguments;
  for (const std::string& argument : command_) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "a pipe to a worker");
  }
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child == 0) become(arguments.data(), self, pipe[1]);
  const int error = errno;
  close(pipe[1]);
  if (child < 0) {
    close(pipe[0]);
    throw std::system_error(error, std::generic_category(), "a process for a worker");
  }
  workers_.push_back({process_of(child), pipe[0]});
}

void WorkerPool::stop() {
  for (const Worker& worker : workers_) kill(worker.process.pid, SIGTERM);
}

void WorkerPool::read_errors(int milliseconds) {
  std::vector<pollfd> polled;
  for (const Worker& worker : workers_) {
    polled.push_back({.fd = worker.errors, .events = POLLIN, .revents = 0});
  }
  if (poll(polled.data(), polled.size(), milliseconds) <= 0) return;
  auto worker = workers_.begin();
  for (const pollfd& one : polled) {
    // At the end it is still there to be polled, and wait() finds the process that has ended.
    if (one.revents != 0) read_into(worker->tail, worker->errors);
    ++worker;
  }
}

WorkerPool::Ended WorkerPool::ended(Worker& worker, const siginfo_t& info) const {
  for (std::string before = "?"; before != worker.tail;) {  // what it wrote last
    before = worker.tail;
    if (!read_into(worker.tail, worker.errors)) break;
  }
  const bool killed = info.si_code != CLD_EXITED;
  return {.worker = worker.process,
          .exit_code = killed ? 128 + info.si_status : info.si_status,
          .killed = killed,
          .said = last_line(worker.tail)};
}

void WorkerPool::wait(int milliseconds, const std::function<void(const Ended&)>& handle) {
  read_errors(milliseconds);
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    siginfo_t info{};
    const auto pid = static_cast<id_t>(worker->process.pid);
    if (waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
      ++worker;
      continue;
    }
    handle(ended(*worker, info));
    waitid(P_PID, pid, &info, WEXITED);
    close(worker->errors);
    worker = workers_.erase(worker);
  }
}

std::string WorkerPool::Ended::how() const {
  const std::string ended =
      killed ? str("killed by signal ", exit_code - 128, " (", strsignal(exit_code - 128), ")")
             : str("ended with code ", exit_code);
  return said.empty() ? ended : ended + ": " + said;
}

}  // namespace joule::study
