// SPDX-License-Identifier: MIT
#include "joule/measure/subject.h"

#include <filesystem>
#include <vector>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/io/nearest.h"
#include "joule/measure/image_size.h"

namespace joule::measure {
namespace {

void require_agreement(const SubjectOptions& o, const ModelSpec& spec) {
  if (!o.input.empty()) {
    const auto [image, channels] = parse_input(o.input);
    require(image == spec.image && channels == spec.channels, "--input is ", o.input, ", but ",
            o.model, " takes images ", spec.image, "x", spec.channels);
  }
  require(!o.classes || *o.classes == spec.classes, "--classes is ", o.classes.value_or(0),
          ", but ", o.model, " has ", spec.classes);
}

Subject untrained(const SubjectOptions& o) {
  manual_seed(o.seed);
  if (!o.data.empty()) {
    const Dataset test = load_dataset(o.data).test;
    Subject subject{training::make_model_for(o.model, o.data, test), test};
    require_agreement(o, subject.model.spec);
    return subject;
  }
  require(o.synthetic, o.model, " is an untrained net: say --data or ", o.synthetic_option);
  require(!o.input.empty() && o.classes, o.model,
          " is an untrained net: say --input and --classes");
  const auto [image, channels] = parse_input(o.input);
  const ModelSpec spec{
      .name = o.model, .image = image, .channels = channels, .classes = *o.classes};
  return {{.spec = spec, .net = make_model(spec)}, {}};
}

/// A net as data says itself what it reads.
Subject described(const SubjectOptions& o) {
  manual_seed(o.seed);
  Subject subject{fresh_model(o.model), {}};
  require_agreement(o, subject.model.spec);
  if (o.data.empty()) {
    require(o.synthetic || o.synthetic_without_data, o.model,
            " is an untrained net: say --data or ", o.synthetic_option);
    return subject;
  }
  subject.images = load_dataset(o.data, {.size = subject.model.spec.image}).test;
  subject.model.data = o.data;
  subject.model.mean = subject.images->mean;
  subject.model.deviation = subject.images->deviation;
  subject.model.class_names = subject.images->class_names;
  subject.model.fit = subject.images->fit;
  subject.images =
      subject.model.prepare(std::move(*subject.images));  // which says what does not fit
  return subject;
}

Subject trained(const SubjectOptions& o, const std::vector<std::string>& names) {
  if (std::error_code none; !std::filesystem::exists(o.model, none)) {
    throw DataError(str(o.model, ": neither a net (", listed(names),
                        ") nor a model's file or folder", did_you_mean(o.model, names)));
  }
  Subject subject{open_model(o.model, o.normalization), {}};
  require_agreement(o, subject.model.spec);
  const bool no_data = o.data.empty() && subject.model.data.empty();
  if (!o.synthetic && !(no_data && o.synthetic_without_data)) {
    require(!no_data, o.model, " does not say what it was trained on: say --data or ",
            o.synthetic_option);
    require_normalization(subject.model);
    subject.images = subject.model.load_data(o.data).test;
  }
  manual_seed(o.seed);
  return subject;
}

}  // namespace

Subject load_subject(const SubjectOptions& o) {
  Subject subject = is_model_name(o.model) ? untrained(o)
                    : is_net_path(o.model) ? described(o)
                                           : trained(o, model_names());
  subject.model.net.to(o.device);
  return subject;
}

}  // namespace joule::measure
