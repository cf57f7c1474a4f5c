// SPDX-License-Identifier: MIT
#include "joule/training/run/reference.h"

#include <filesystem>

#include "joule/core/error.h"
#include "joule/training/config_fields.h"
#include "joule/training/run/metrics_file.h"
#include "joule/training/run/run.h"

namespace joule::training {

std::vector<double> reference_accuracies(const std::string& folder, const Config& config) {
  const auto other = config_of(folder);
  if (!other) throw DataError(str(folder, ": holds no run, to which --reference could compare"));
  for (const char* name : {"data", "limit", "validation", "seed", "epochs"}) {
    const ConfigField& field = config_field(name);
    require(field.get(*other) == field.get(config), "reference: ", folder, " has ", name, " ",
            field.text(*other), ", this run ", field.text(config));
  }
  if (!is_finished(folder)) throw DataError(str(folder, ": this run is not finished"));
  std::vector<double> accuracies;
  const auto take = [&](const EpochMetrics& epoch) {
    accuracies.push_back(epoch.validation_accuracy.value_or(0));
  };
  const auto path = (std::filesystem::path(folder) / "metrics.jsonl").string();
  read_metrics(path, other->epochs, take, device(*other));
  return accuracies;
}

}  // namespace joule::training
