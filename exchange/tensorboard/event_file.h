// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "joule/exchange/tensorboard/histogram.h"
#include "joule/io/descriptor.h"

namespace joule::exchange {

/// What an event file holds of one step.
struct StepSummary {
  struct Scalar {
    std::string tag;
    double value = 0;
    std::string description{};  // Markdown
  };
  std::vector<Scalar> scalars{};
  /// One without any finite value is left out.
  std::vector<std::pair<std::string, Histogram>> histograms{};
  std::vector<std::pair<std::string, std::string>> texts{};  // tag and Markdown
};

/// What the plugin "hparams" of TensorBoard compares runs by.
struct HyperParameters {
  std::map<std::string, std::variant<std::string, double, bool>> values;
  std::vector<std::string> metrics;  // tags of scalars: the columns beside the values
};

/// TensorBoard's event files in `folder`, in the order in which TensorBoard reads them; none if
/// there is no such folder.
///
/// Errors    DataError if the folder cannot be read.
std::vector<std::string> event_files(const std::string& folder);

/// Errors    ArgumentError that says what is missing, if this Joule was built without protobuf.
void require_event_files();

/// A new event file of TensorBoard's: a record (see tfrecord()) per step.
///
/// The file's version and SessionLog::START with the step `from` come first.  TensorBoard then
/// hides what earlier files of the folder hold of that step and of later ones: a run that was
/// killed after step 7 was written, and resumed before it, shows step 7 once.
///
/// Cost      each call is one write(); nothing is kept.
/// Numerics  scalars are float32, as TensorBoard has them.
/// Errors    ArgumentError as require_event_files(); DataError (path, the system's reason) if the
///           file cannot be made or written.
class EventFile {
 public:
  /// In `folder`, which is created if it is missing.
  EventFile(const std::string& folder, std::int64_t from);

  const std::string& path() const { return path_; }
  void add(std::int64_t step, const StepSummary& summary);
  /// Before the first step of a run.
  void begin(const HyperParameters& parameters);
  /// The run has succeeded.
  void end();
  /// Waits until the disk has everything.
  void sync();

 private:
  void write(const std::string& event);

  std::string path_;
  Descriptor file_;
};

}  // namespace joule::exchange
