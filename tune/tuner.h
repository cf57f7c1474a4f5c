// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "joule/io/atomic_file.h"
#include "joule/layers/containers.h"
#include "joule/models/models.h"
#include "joule/training/config.h"
#include "joule/tune/result.h"

// How `joule tune` and `joule train --tune` measure, and where they write it.
namespace joule::tune {

struct TunerOptions {
  std::vector<double> densities{0.05, 0.15, 0.3, 0.5, 0.75};
  int rounds = 7;
  const TuningTable* known = nullptr;  // what it has is not measured again
};

/// Operations to be found by running them, on noise: what is timed does not depend on what images
/// show.
struct TunerPass {
  bool train;  // they are those of a training step
  std::function<void()> run;
};

/// A batch through the net, forward; of training also backward.  The net must outlive the pass.
TunerPass pass_of(const ModelSpec& spec, nn::Module& net, std::int64_t batch, bool train);
/// A batch of an evaluation: slice by slice, and through linear layers all at once.
TunerPass evaluation_pass(const ModelSpec& spec, nn::Module& net);
/// Images that a convolution meets at once, unless the user says otherwise: those of a step, or the
/// slices of an evaluation.
std::int64_t usual_batch(bool train);

/// Times every operation that the passes run, each once, until `stop`.  The process must be using
/// no table.
std::vector<TuneResult> measure_passes(std::span<const TunerPass> passes,
                                       const TunerOptions& options,
                                       const std::function<bool()>& stop,
                                       const std::function<void(const TuneResult&)>& on_result);

/// Opened before anything is measured: the user should not wait for minutes to learn that the table
/// cannot be written.
///
/// Errors    ArgumentError if the path is empty; DataError.
std::unique_ptr<AtomicFile> open_table(const std::string& path);
/// Adds the results to what the table at `path` holds.
void write_table(AtomicFile& file, const std::string& path, std::span<const TuneResult> results);

/// Measures what the table lacks of the steps and evaluations of a run; from then on this process
/// chooses by what the table then is.
///
/// Errors    ArgumentError if the run goes by no table (on cuda, or deterministic); as
/// open_table().
void tune_for(const training::Config& config, const std::function<bool()>& stop,
              const std::function<void(const TuneResult&)>& on_result);

}  // namespace joule::tune
