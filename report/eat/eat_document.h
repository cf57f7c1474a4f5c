// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/report/document.h"
#include "joule/study/eat/eat_results.h"
#include "joule/study/study.h"

namespace joule::report {

/// How fast a net is beside another library, as joule bench infer measured it.
struct PeerPace {
  std::string net;   // "standard", "within 1 point"
  std::string side;  // "joule", "joule, dense", "libtorch"
  double images_per_second = 0;
  std::optional<double> over_dense, over_libtorch;  // medians over the rounds
};

/// What the study of energy-aware training found out: the table beside the paper's, the sweep, the
/// front, the paper's pictures, and how it was obtained.
///
/// Energies of different quality have rows of their own; a mean never stands without the number of
/// seeds; points of the front that the seeds do not tell apart are marked.
Document eat_document(const study::Study& study, const study::EatResults& results,
                      const std::vector<PeerPace>& peers);

}  // namespace joule::report
