// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "joule/report/document.h"
#include "joule/study/eat/eat_results.h"
#include "joule/study/study.h"

namespace joule::report {

/// The speed of a net compared with another library, as measured by joule bench infer.
struct PeerPace {
  std::string net;   // "standard", "within 1 point"
  std::string side;  // "joule", "joule, dense", "PyTorch"
  std::optional<double> images_per_second, over_dense, over_pytorch;  // medians over the rounds
  std::string left_out{};                                             // why, if it is
};

/// The results of the study of energy-aware training: the table compared with the paper's, the
/// sweep, the front, the paper's charts, and how it was obtained.
///
/// Energies of different quality have separate rows; a mean is always shown with the number of
/// seeds; points of the front that the seeds do not separate are marked.
Document eat_document(const study::Study& study, const study::EatResults& results,
                      const std::vector<PeerPace>& peers);

}  // namespace joule::report
