// SPDX-License-Identifier: MIT
//
// The sampler of arXiv:2303.13972 (sampler.h).
#include <algorithm>
#include <cmath>
#include <numbers>

#include "joule/core/error.h"
#include "joule/core/random.h"
#include "joule/search/draw.h"
#include "joule/search/front/objectives.h"
#include "joule/search/gaussian/encoding.h"
#include "joule/search/samplers/samplers.h"

namespace joule::search {
namespace {

class PaperSampler final : public Sampler {
 public:
  explicit PaperSampler(const SamplerSettings& settings)
      : goals_("gp-pi-paper", settings), random_(make_random_sampler(settings)) {
    require(goals_.directions.size() == 1,
            "gp-pi-paper: expected one objective, without a limit, "
            "got ",
            goals_.directions.size());
  }

  std::optional<Point> ask(const Space& space, std::span<const Observation> observations,
                           std::int64_t trial_number, std::uint64_t seed) const override {
    check_trial_number(trial_number);
    const std::vector<Observation> seen = checked(space, observations);
    const Objectives objectives = objectives_of(goals_.directions, seen);
    if (seen.empty()) return random_->ask(space, seen, trial_number, seed);
    const Encoding encoding(space, Encoding::Scale::raw);
    Inputs inputs{.scale_of = encoding.scale_of()};
    std::vector<double> outputs;  // more is better
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const std::vector<double> row = encoding.encode(seen[i].point);
      inputs.values.insert(inputs.values.end(), row.begin(), row.end());
      outputs.push_back(-objectives.cost(i)[0]);
    }
    if (encoding.columns() == 0) return seen[0].point;
    const double best = std::ranges::max(outputs);
    const std::size_t scales = std::ranges::max(inputs.scale_of) + 1;
    const GaussianProcess process(std::move(inputs), std::move(outputs),
                                  {.kernel = KernelKind::rbf,
                                   .length_scales = std::vector<double>(scales, 1),
                                   .signal = 1,
                                   .noise = 1e-10,
                                   .mean = 0});
    constexpr std::uint32_t kCandidates = 10000;
    std::vector<Point> candidates;
    std::vector<double> rows;
    for (std::uint32_t number = 0; number < kCandidates; ++number) {
      candidates.push_back(point_of_units(space, [&](std::size_t i) {
        const auto words = philox(seed, static_cast<std::uint64_t>(trial_number),
                                  stream(Drawer::gp, i, 4 + number));
        return unit(words[0], words[1]);
      }));
      const std::vector<double> row = encoding.encode(candidates.back());
      rows.insert(rows.end(), row.begin(), row.end());
    }
    const std::vector<Prediction> predictions = process.predict(rows);
    // Of the probabilities themselves, not of their logarithms: many are 0 or 1, and of equal ones
    // the first is taken.
    const auto probability = [&](const Prediction& p) {
      const double z = (p.mean - best) / (std::sqrt(p.variance) + 1e-9);
      return std::erfc(-z / std::numbers::sqrt2) / 2;
    };
    const auto chosen = std::ranges::max_element(predictions, {}, probability);
    return candidates[static_cast<std::size_t>(chosen - predictions.begin())];
  }

 private:
  Goals goals_;
  std::unique_ptr<Sampler> random_;
};

}  // namespace

std::unique_ptr<Sampler> make_gp_pi_paper_sampler(const SamplerSettings& settings) {
  return std::make_unique<PaperSampler>(settings);
}

}  // namespace joule::search
