// SPDX-License-Identifier: MIT
#include "joule/tune/tuner.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/core/threads.h"
#include "joule/data/dataset.h"
#include "joule/io/tuning_file.h"
#include "joule/kernels/this_machine.h"
#include "joule/layers/functions.h"
#include "joule/training/components.h"
#include "joule/training/evaluate.h"
#include "joule/training/inference.h"
#include "joule/training/run/model_file.h"
#include "joule/tune/candidate.h"
#include "joule/tune/tuning.h"

namespace joule::tune {
namespace {

Tensor noise(const ModelSpec& spec, std::int64_t batch) {
  const Tensor images({batch, spec.image.h, spec.image.w, spec.channels});
  Generator(1).uniform({images.mutable_data<float>(), static_cast<std::size_t>(images.numel())},
                       -1.0f, 1.0f);
  return images;
}

void run_net(const ModelSpec& spec, nn::Module& net, std::int64_t batch, bool train) {
  const Tensor images = noise(spec, batch);
  if (!train) {
    const training::Inference inference(net);
    net(images);
    return;
  }
  net.train();
  cross_entropy(net(images), Tensor::zeros({batch}, DType::i32)).backward();
  net.zero_grad();
}

bool same_operation(const TuningEntry& a, const TuningEntry& b) {
  return a.op == b.op && a.sizes == b.sizes;
}

/// Whether the table has the times of all the rows.
bool has_rows_of(const TuningTable& table, const TuningEntry& entry) {
  const auto* const found = table.find(entry.op, entry.device, entry.threads, entry.sizes);
  return found && std::ranges::all_of(entry.rows, [&](const MeasuredRow& row) {
           return std::ranges::count(found->rows, row.name, &MeasuredRow::name) > 0;
         });
}

}  // namespace

TunerPass pass_of(const ModelSpec& spec, nn::Module& net, std::int64_t batch, bool train) {
  return {train, [spec, &net, batch, train] { run_net(spec, net, batch, train); }};
}

TunerPass evaluation_pass(const ModelSpec& spec, nn::Module& net) {
  return {false,
          [spec, &net] { training::predict(net, noise(spec, training::EvaluateOptions{}.batch)); }};
}

std::int64_t usual_batch(bool train) {
  return train ? training::Config{}.batch
               : training::slice_for(Device::cpu, training::EvaluateOptions{}.batch);
}

std::vector<TuneResult> measure_passes(std::span<const TunerPass> passes,
                                       const TunerOptions& options,
                                       const std::function<bool()>& stop,
                                       const std::function<void(const TuneResult&)>& on_result) {
  std::vector<TuneResult> results;
  for (const TunerPass& pass : passes) {
    for (Candidate& candidate : collect_candidates(pass.train, pass.run)) {
      if (stop()) return results;
      const TuningEntry& entry = candidate.entry;
      const bool known = std::ranges::any_of(
          results, [&](const TuneResult& result) { return same_operation(result.entry, entry); });
      if (known) continue;
      if (options.known && has_rows_of(*options.known, entry)) continue;
      std::vector<std::string> static_choices;
      measure(candidate, options.densities, options.rounds, static_choices);
      results.push_back(evaluate(candidate, static_choices));
      on_result(results.back());
    }
  }
  return results;
}

std::unique_ptr<AtomicFile> open_table(const std::string& path) {
  require(!path.empty(),
          "tune: JOULE_TUNING is off, or neither XDG_CACHE_HOME nor HOME is set; "
          "name a file with --out");
  if (const auto folder = std::filesystem::path(path).parent_path(); !folder.empty()) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw DataError(str(path, ": cannot be written: ", error.message()));
  }
  return std::make_unique<AtomicFile>(path);
}

void write_table(AtomicFile& file, const std::string& path, std::span<const TuneResult> results) {
  std::vector<TuningEntry> entries;
  for (const TuneResult& result : results) entries.push_back(result.entry);
  const std::string merged = merge_tuning(path, this_machine(), entries);
  file.write(merged.data(), merged.size());
  file.commit();
}

void tune_for(const training::Config& config, const std::function<bool()>& stop,
              const std::function<void(const TuneResult&)>& on_result) {
  require(config.device == "cpu" && !config.deterministic,
          "tune: a run on cuda, or with --deterministic, goes by no table");
  const std::string path = tuning_path();
  const auto file = open_table(path);
  if (config.threads > 0) set_num_threads(config.threads);
  const ContextGuard guard;
  context().precision = training::precision(config);
  context().algorithms = training::algorithms(config);
  training::Model model = training::make_model_for(
      config.model, config.data, training::load_data(config, false).train, config.net);
  const std::vector<TunerPass> passes = {pass_of(model.spec, model.net, config.batch, true),
                                         evaluation_pass(model.spec, model.net)};
  const TuningTable* const known = tuning_table();  // which lives on
  set_tuning_table(nullptr);  // the static choices are what the measured ones are compared with
  const auto results = measure_passes(passes, {.known = known}, stop, on_result);
  if (!results.empty()) write_table(*file, path, results);
  renew_tuning();
}

}  // namespace joule::tune
