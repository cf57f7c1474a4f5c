// SPDX-License-Identifier: MIT
//
// In place of event_file.cpp where protobuf was not found.
#include "joule/core/error.h"
#include "joule/exchange/tensorboard/event_file.h"

namespace joule::exchange {

void require_event_files() {
  throw ArgumentError(
      "event files of TensorBoard: this Joule was built without protobuf: install "
      "libprotobuf-dev and protobuf-compiler, and build it again");
}

EventFile::EventFile(const std::string&, std::int64_t) : file_(-1) { require_event_files(); }
void EventFile::add(std::int64_t, const StepSummary&) {}
void EventFile::begin(const HyperParameters&) {}
void EventFile::end() {}
void EventFile::sync() {}
void EventFile::write(const std::string&) {}

}  // namespace joule::exchange
