// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "joule/training/trainer.h"

// Training that stops when it no longer pays, and keeps the best net.
namespace joule::training {

/// When training stops: at the first of these, or after the configuration's epochs.
struct Until {
  std::int64_t patience = 0;  // epochs in a row without a lower loss; 0: no limit
  double seconds = 0;         // elapsed, evaluations included; 0: no limit
};

enum class Ending { epochs, patience, time };
std::string_view name(Ending ending);

/// The result of train_until().
struct BestNet {
  Ending ending = Ending::epochs;
  std::int64_t epochs = 0;                 // complete
  std::int64_t steps = 0;                  // including those of the incomplete epoch
  std::int64_t best_epoch = 0;             // from 1; 0: no epoch is complete
  double best_loss = 0;                    // of that epoch; 0: no epoch is complete
  double seconds = 0;                      // elapsed
  std::vector<double> losses{}, judged{};  // per complete epoch: mean of training; of the images
                                           // that judge
};

/// Trains until one of the limits, and leaves the net as it was after the epoch with the lowest
/// loss on the judging images: those held back, or if there are none the trainer's test images.  If
/// time runs out in the first epoch, the net stays as it is then.
///
/// Cost      a copy of the weights for each epoch that is better than those before.
/// Returns   nothing if hooks.stop or the energy budget ended it.
/// Errors    ArgumentError if the trainer has trained before, or patience or seconds are negative;
///           as Trainer::run_epoch().
std::optional<BestNet> train_until(Trainer& trainer, const Until& until, const Hooks& hooks = {});

}  // namespace joule::training
