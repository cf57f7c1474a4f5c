// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "joule/energy/meters/stream/spec.h"
#include "joule/io/descriptor.h"

namespace joule::energy {

/// Where a stream comes from; a command that was started for it ends with it.
class StreamPipe {
 public:
  explicit StreamPipe(const StreamSpec& spec);
  ~StreamPipe();
  StreamPipe(const StreamPipe&) = delete;
  StreamPipe& operator=(const StreamPipe&) = delete;

  /// Why it could not be opened, or has ended; empty while more may come.
  const std::string& problem() const { return problem_; }
  /// What has come since the last time; waits for nothing.
  std::string read();

 private:
  int open_path(const std::string& path);
  int connect_to(int port);
  int start(const std::string& command);

  std::string problem_;
  bool ends_ = true;  // at the end of the file; a FIFO may get another writer
  int child_ = 0;     // the process, and its group
  std::unique_ptr<Descriptor> file_;
};

}  // namespace joule::energy
