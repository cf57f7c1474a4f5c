// SPDX-License-Identifier: MIT
#include "joule/exchange/tensorboard/event_file.h"

#include <exchange/tensorboard/event.pb.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iomanip>
#include <sstream>
#include <type_traits>

#include "joule/core/error.h"
#include "joule/exchange/tfrecord/tfrecord.h"

namespace joule::exchange {
namespace {

constexpr const char* kPrefix = "events.out.tfevents.";

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

wire::Event event_at(std::int64_t step) {
  wire::Event event;
  event.set_wall_time(seconds_since_1970());
  event.set_step(step);
  return event;
}

/// The time in a name as we and others write it; 0 if there is none.
std::int64_t time_in(const std::string& name) {
  if (!name.starts_with(kPrefix)) return 0;
  std::int64_t time = 0;
  std::istringstream(name.substr(std::strlen(kPrefix), 10)) >> time;
  return time;
}

/// TensorBoard reads the files in the order of their names, in which ten digits of seconds come
/// first: behind all that are there, even those of this second.
std::string path_behind_all(const std::string& folder) {
  auto time = static_cast<std::int64_t>(seconds_since_1970());
  for (const std::string& name : event_files(folder)) time = std::max(time, time_in(name) + 1);
  std::ostringstream name;
  name << kPrefix << std::setw(10) << std::setfill('0') << time << ".joule." << getpid();
  return (std::filesystem::path(folder) / name.str()).string();
}

int created(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor < 0) throw DataError(str(path, ": cannot be made: ", std::strerror(errno)));
  return descriptor;
}

std::string folder_made(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw DataError(str(folder, ": cannot be made: ", error.message()));
  return folder;
}

/// The content of the plugin is what counts: the value itself is an empty tensor.
void add_hparams(wire::Summary& summary, const char* tag, const wire::HParams& content) {
  wire::Summary::Value& value = *summary.add_value();
  value.set_tag(tag);
  value.mutable_metadata()->mutable_plugin_data()->set_plugin_name("hparams");
  value.mutable_metadata()->mutable_plugin_data()->set_content(content.SerializeAsString());
  value.mutable_tensor()->set_dtype(wire::TensorProto::FLOAT);
  value.mutable_tensor()->mutable_tensor_shape()->add_dim()->set_size(0);
}

void set_value(wire::HParamValue& to, const std::variant<std::string, double, bool>& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    to.set_string_value(*text);
  } else if (const auto* number = std::get_if<double>(&value)) {
    to.set_number_value(*number);
  } else {
    to.set_bool_value(std::get<bool>(value));
  }
}

wire::HParamInfo::Type type_of(const std::variant<std::string, double, bool>& value) {
  return std::holds_alternative<std::string>(value) ? wire::HParamInfo::STRING
         : std::holds_alternative<double>(value)    ? wire::HParamInfo::FLOAT64
                                                    : wire::HParamInfo::BOOL;
}

void fill_histogram(wire::HistogramProto& to, const Histogram& histogram) {
  to.set_min(histogram.min());
  to.set_max(histogram.max());
  to.set_num(static_cast<double>(histogram.count()));
  to.set_sum(histogram.sum());
  to.set_sum_squares(histogram.sum_squares());
  for (const auto& [limit, count] : histogram.buckets()) {
    to.add_bucket_limit(limit);
    to.add_bucket(static_cast<double>(count));
  }
}

}  // namespace

void require_event_files() {}

EventFile::EventFile(const std::string& folder, std::int64_t from)
    : path_(path_behind_all(folder_made(folder))), file_(created(path_)) {
  wire::Event version = event_at(0);
  version.set_file_version("brain.Event:2");
  write(version.SerializeAsString());
  wire::Event start = event_at(from);
  start.mutable_session_log()->set_status(wire::SessionLog::START);
  write(start.SerializeAsString());
}

void EventFile::add(std::int64_t step, const StepSummary& summary) {
  wire::Event event = event_at(step);
  wire::Summary& all = *event.mutable_summary();
  for (const auto& [tag, number, description] : summary.scalars) {
    wire::Summary::Value& value = *all.add_value();
    value.set_tag(tag);
    value.set_simple_value(static_cast<float>(number));
    value.mutable_metadata()->mutable_plugin_data()->set_plugin_name("scalars");
    value.mutable_metadata()->set_summary_description(description);
  }
  for (const auto& [tag, histogram] : summary.histograms) {
    if (histogram.count() == 0) continue;
    wire::Summary::Value& value = *all.add_value();
    value.set_tag(tag);
    fill_histogram(*value.mutable_histo(), histogram);
  }
  for (const auto& [tag, text] : summary.texts) {
    wire::Summary::Value& value = *all.add_value();
    value.set_tag(tag);
    value.mutable_metadata()->mutable_plugin_data()->set_plugin_name("text");
    value.mutable_tensor()->set_dtype(wire::TensorProto::STRING);
    value.mutable_tensor()->mutable_tensor_shape();
    value.mutable_tensor()->add_string_val(text);
  }
  write(event.SerializeAsString());
}

void EventFile::begin(const HyperParameters& parameters) {
  wire::HParams experiment, start;
  experiment.mutable_experiment()->set_time_created_secs(seconds_since_1970());
  start.mutable_session_start_info()->set_start_time_secs(seconds_since_1970());
  for (const auto& [name, value] : parameters.values) {
    wire::HParamInfo& info = *experiment.mutable_experiment()->add_hparam_infos();
    info.set_name(name);
    info.set_type(type_of(value));
    set_value((*start.mutable_session_start_info()->mutable_hparams())[name], value);
  }
  for (const std::string& tag : parameters.metrics) {
    experiment.mutable_experiment()->add_metric_infos()->mutable_name()->set_tag(tag);
  }
  wire::Event event = event_at(0);
  add_hparams(*event.mutable_summary(), "_hparams_/experiment", experiment);
  add_hparams(*event.mutable_summary(), "_hparams_/session_start_info", start);
  write(event.SerializeAsString());
}

void EventFile::end() {
  wire::HParams end;
  end.mutable_session_end_info()->set_status(wire::SessionEnd::SUCCESS);
  end.mutable_session_end_info()->set_end_time_secs(seconds_since_1970());
  wire::Event event = event_at(0);
  add_hparams(*event.mutable_summary(), "_hparams_/session_end_info", end);
  write(event.SerializeAsString());
}

void EventFile::sync() {
  if (::fsync(file_.get()) != 0) {
    throw DataError(str(path_, ": cannot be written: ", std::strerror(errno)));
  }
}

void EventFile::write(const std::string& event) {
  const std::string record = tfrecord(event);
  std::string_view rest = record;
  while (!rest.empty()) {
    const ssize_t done = ::write(file_.get(), rest.data(), rest.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw DataError(str(path_, ": cannot be written: ", std::strerror(errno)));
    rest.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace joule::exchange
