// SPDX-License-Identifier: MIT
#include "joule/study/progress.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "joule/study/budget.h"

namespace joule::study {
namespace {

void foresee(StudyProgress& progress, const std::vector<Trial>& trials, std::int64_t left,
             int workers, double now) {
  double n = 0, mean = 0, squares = 0, elapsed = 0;
  for (const Trial& trial : trials) {
    if (trial.state == State::complete && trial.started && trial.ended) {
      const double seconds = *trial.ended - *trial.started, before = seconds - mean;
      mean += before / ++n;
      squares += before * (seconds - mean);
    }
  }
  if (n < 2 || left < 1) return;
  for (const Trial& trial : trials) {
    if (trial.state == State::running && trial.started) {
      elapsed += std::clamp(now - *trial.started, 0.0, std::max(mean, 0.0));
    }
  }
  const boost::math::students_t student(n - 1);
  const auto r = static_cast<double>(left), w = std::min<double>(workers, r);
  progress.seconds_left = (r * mean - elapsed) / w;
  progress.half_width = boost::math::quantile(student, 0.975) * std::sqrt(squares / (n - 1)) *
                        std::sqrt(r + r * r / n) / w;
}

}  // namespace

std::optional<std::int64_t> extent(const StudyDefinition& d) {
  const auto fixed = std::ssize(d.fixed);
  std::optional<std::int64_t> all;
  if (d.sampler.empty()) all = fixed;
  if (d.sampler == "grid") all = fixed + d.space.grid_size();
  if (d.trials) all = std::min(all.value_or(*d.trials), *d.trials);
  return all;
}

StudyProgress progress(const Study& study, const std::vector<Trial>& trials, int workers,
                       double now) {
  StudyProgress out{.of = extent(study.definition)};
  for (const Trial& trial : trials) {
    out.failed += trial.state == State::failed;
    out.done += trial.state == State::complete || trial.state == State::pruned;
    if (trial.state == State::running) out.running.push_back(trial);
  }
  if (const Spent sum = spent(trials); sum.energy) {
    out.joules = sum.energy->value();
    out.quality = sum.quality;
  }
  if (out.of) foresee(out, trials, *out.of - out.done - out.failed, workers, now);
  return out;
}

}  // namespace joule::study
