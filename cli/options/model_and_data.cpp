// SPDX-License-Identifier: MIT
#include "joule/cli/options/model_and_data.h"
#include "joule/cli/options/option.h"

#include <fmt/core.h>

#include <filesystem>

#include "joule/training/run/run.h"

namespace joule::cli {

void add_normalization(Command& command, measure::Normalization& normalization) {
  add_option(command, "--mean", normalization.mean,
             "Channel means of the pixels (0 to 1), for an ONNX file that does not state them")
      ->type_name("R,...");
  add_option(command, "--deviation", normalization.deviation,
             "Channel standard deviations, likewise")
      ->type_name("R,...");
}

void ModelAndData::add_to(Command& command) {
  add_option(command, "--model,model", model,
             "Folder of a run, a model.safetensors, or an ONNX file")
      ->required()
      ->type_name("DIR|FILE");
  add_option(command, "--data", data, "Data set (default: the one that the net was trained on)");
  add_option(command, "--limit", limit, "Use only the first N test images; 0: all");
  add_normalization(command, normalization);
  execution.add_to(command);
}

training::Model ModelAndData::load_net() const {
  execution.apply();
  training::Model loaded = measure::open_model(model, normalization);
  loaded.net.to(execution.where());
  return loaded;
}

ModelAndData::Loaded ModelAndData::load() const {
  require(limit >= 0, "limit: must not be negative, got ", limit);
  training::Model loaded = load_net();
  require(!data.empty() || !loaded.data.empty(), model,
          " does not say what it was trained on: give --data");
  measure::require_normalization(loaded);
  const Dataset test = loaded.load_data(data).test;
  return {.model = std::move(loaded), .test = limit > 0 ? test.take(limit) : test};
}

bool ModelAndData::unfinished() const {
  return std::filesystem::is_directory(model) && training::config_of(model) &&
         !training::is_finished(model);
}

std::string ModelAndData::which_epoch(const training::Model& net) const {
  if (net.epochs == 0 || (net.epoch == net.epochs && !unfinished())) return {};
  return fmt::format("the net after epoch {} of {}{}\n", net.epoch, net.epochs,
                     unfinished() ? "; its run is not finished" : "");
}

}  // namespace joule::cli
