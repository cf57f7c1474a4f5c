// SPDX-License-Identifier: MIT
#pragma once

#include <csignal>
#include <functional>
#include <list>
#include <string>
#include <vector>

#include "joule/study/workers/worker_process.h"

namespace joule::study {

/// The processes that this one started to run trials.  Each has its own process group, so that
/// Ctrl-C reaches it only through stop(), and is killed if this process dies for any reason.
class WorkerPool {
 public:
  explicit WorkerPool(std::vector<std::string> command) : command_(std::move(command)) {}
  /// Kills the remaining ones.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Errors    std::system_error if the system has no process or pipe left.
  void start();
  std::size_t running() const { return workers_.size(); }
  /// Asks all of them to give back their trial and end (SIGTERM).
  void stop();

  struct Ended {
    WorkerProcess worker;
    int exit_code = 0;  // its own; 128 + n if signal n ended it
    bool killed = false;
    std::string said;  // the last line on standard error

    /// "killed by signal 9 (Killed)", "ended with code 3: ..."
    std::string how() const;
  };
  /// Waits up to so many milliseconds for one to write something or to end, and calls handle(ended)
  /// for each that has ended.  Until handle() returns, the system still knows the process, so no
  /// other worker takes its trial as lost before this one has said how it died.
  void wait(int milliseconds, const std::function<void(const Ended&)>& handle);

 private:
  struct Worker {
    WorkerProcess process;
    int errors = -1;  // the reading end of its standard error
    std::string tail{};
  };

  void read_errors(int milliseconds);
  Ended ended(Worker& worker, const siginfo_t& info) const;

  std::vector<std::string> command_;
  std::list<Worker> workers_;
};

}  // namespace joule::study
