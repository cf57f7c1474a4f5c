// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "joule/data/dataset.h"
#include "joule/measure/open_net.h"
#include "joule/training/run/model_file.h"

namespace joule::measure {

/// The net and the images that a command is about.
struct SubjectOptions {
  std::string model;  // a net by name or as data (NAME.json), a run's folder, a model or ONNX file
  std::string input, data;              // empty: what the trained net says
  std::optional<std::int64_t> classes;  // as `input`
  std::uint64_t seed = 1;               // of an untrained net's weights
  bool synthetic = false;               // no images are wanted
  std::string synthetic_option;         // that would have said so, for the message
  bool synthetic_without_data = false;  // nor where neither these options nor the net name any
  Normalization normalization{};        // of a file that does not say
  Device device = Device::cpu;          // where the net is to be
};

/// A net, and its images unless they are synthetic.
struct Subject {
  training::Model model;
  std::optional<Dataset> images;
};

/// Restarts default_generator() from the seed.
///
/// Errors    DataError if there is no such net or data set; ArgumentError if what was said does not
///           fit to the net, or does not suffice.
Subject load_subject(const SubjectOptions& options);

}  // namespace joule::measure
