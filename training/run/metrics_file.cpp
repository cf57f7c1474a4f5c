// SPDX-License-Identifier: MIT
#include "joule/training/run/metrics_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>

#include "joule/core/error.h"
#include "joule/io/input_file.h"
#include "joule/training/run/counts.h"

namespace joule::training {
namespace {

/// No epoch has so many meters that its line is longer.
constexpr std::size_t kLongestLine = 1 << 20;

[[noreturn]] void fail(const std::string& path, int reason) {
  throw DataError(str(path, ": cannot be written: ", std::strerror(reason)));
}

/// A file open for writing.
class Output {
 public:
  Output(const std::string& path, int flags)
      : path_(path), descriptor_(::open(path.c_str(), O_WRONLY | O_CLOEXEC | flags, 0666)) {
    if (descriptor_ < 0) fail(path, errno);
  }
  ~Output() { ::close(descriptor_); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  std::int64_t size() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail(path_, errno);
    return status.st_size;
  }
  /// Returns   0, or why not all was written.
  int write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t done = ::write(descriptor_, bytes.data(), bytes.size());
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return errno;
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return 0;
  }
  int cut(std::int64_t bytes) const { return ::ftruncate(descriptor_, bytes) == 0 ? 0 : errno; }
  void sync() const {
    if (::fsync(descriptor_) != 0) fail(path_, errno);
  }

 private:
  std::string path_;
  int descriptor_;
};

/// The lines of a file, one after the other.
class Lines {
 public:
  explicit Lines(const std::string& path) : path_(path), file_(path) {}

  /// The next one without its end; none if it has no end.
  std::optional<std::string> next() {
    std::string line;
    for (;;) {
      const std::string_view rest(buffer_.data() + at_, filled_ - at_);
      const std::size_t end = rest.find('\n');
      line += rest.substr(0, end);
      if (end != std::string_view::npos) {
        at_ += end + 1;
        return line;
      }
      if (line.size() > kLongestLine) {
        throw DataError(str(path_, ": a line is longer than ", kLongestLine, " bytes"));
      }
      at_ = 0;
      filled_ = file_.read(buffer_.data(), buffer_.size());
      if (filled_ == 0) return {};
    }
  }

 private:
  std::string path_;
  InputFile file_;
  std::array<char, 65536> buffer_{};
  std::size_t at_ = 0, filled_ = 0;
};

EpochMetrics parse(const std::string& line, std::int64_t number, std::int64_t epochs,
                   Device device) {
  const std::vector<EpochMetrics> parsed = parse_jsonl(line, device);
  require(parsed.size() == 1 && parsed[0].epoch == number, "expected the line of epoch ", number);
  check_counts(parsed[0].energy, kLargestSum / epochs);
  require(parsed[0].relu_outputs_nonzero <= parsed[0].relu_outputs,
          "'relu_outputs_nonzero' cannot be ", parsed[0].relu_outputs_nonzero, " of ",
          parsed[0].relu_outputs);
  return parsed[0];
}

}  // namespace

void append_metrics(const std::string& path, const EpochMetrics& epoch) {
  const Output file(path, O_CREAT | O_APPEND | O_NOFOLLOW);
  const std::int64_t before = file.size();
  if (const int reason = file.write(to_jsonl(std::span(&epoch, 1)))) {
    file.cut(before);
    fail(path, reason);
  }
  file.sync();
}

std::int64_t read_metrics(const std::string& path, std::int64_t epochs,
                          const std::function<void(EpochMetrics)>& take, Device device) {
  if (epochs == 0) return 0;
  Lines lines(path);
  std::int64_t bytes = 0;
  for (std::int64_t number = 1; number <= epochs; ++number) {
    const auto line = lines.next();
    if (!line) {
      throw DataError(str(path, ": ends after ", number - 1, " of the ", epochs,
                          " epochs that the checkpoint covers"));
    }
    bytes += std::ssize(*line) + 1;
    try {
      take(parse(*line, number, epochs, device));
    } catch (const ArgumentError& error) {
      throw DataError(str(path, ": line ", number, ": ", error.what()));
    }
  }
  return bytes;
}

void cut_metrics(const std::string& path, std::int64_t bytes) {
  std::error_code ignored;  // what cannot be seen cannot be opened
  if (bytes == 0 && !std::filesystem::exists(path, ignored)) return;
  const Output file(path, O_NOFOLLOW);
  if (file.size() <= bytes) return;
  if (const int reason = file.cut(bytes)) fail(path, reason);
  file.sync();
}

std::int64_t count_lines(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return 0;
  Lines lines(path);
  std::int64_t count = 0;
  while (lines.next()) ++count;
  return count;
}

}  // namespace joule::training
