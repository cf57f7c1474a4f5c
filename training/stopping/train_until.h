// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "joule/training/trainer.h"

// Training that ends when it is no longer worth it, and keeps the best net on the way.
namespace joule::training {

/// When training ends, whichever comes first; the configuration's epochs end it, too.
struct Until {
  std::int64_t patience = 0;  // epochs in a row without a lower loss; 0: any number
  double seconds = 0;         // on the clock, evaluations included; 0: any
};

enum class Ending { epochs, patience, time };
std::string_view name(Ending ending);

/// What training came to.
struct BestNet {
  Ending ending = Ending::epochs;
  std::int64_t epochs = 0;                 // complete
  std::int64_t steps = 0;                  // those of the incomplete epoch, too
  std::int64_t best_epoch = 0;             // from 1; 0: none is complete
  double best_loss = 0;                    // of that epoch; 0: none is
  double seconds = 0;                      // on the clock
  std::vector<double> losses{}, judged{};  // per complete epoch: mean of training; of the images
                                           // that judge
};

/// Trains until then, and leaves the net as it was after the epoch with the lowest loss on the
/// images that judge: those that are held back, or if none are the trainer's test images.  If time
/// runs out in the first epoch, the net stays as it is then.
///
/// Cost      a copy of the weights per epoch that is better than those before.
/// Returns   nothing if hooks.stop ended it, or the energy budget.
/// Errors    ArgumentError if the trainer has trained before, or patience or seconds are negative;
///           as Trainer::run_epoch().
std::optional<BestNet> train_until(Trainer& trainer, const Until& until, const Hooks& hooks = {});

}  // namespace joule::training
