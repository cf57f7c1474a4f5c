// SPDX-License-Identifier: MIT
#include "joule/search/gaussian/maximise.h"

#include <nlopt.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <memory>

#include "joule/core/error.h"

namespace joule::search {
namespace {

constexpr double kLowest = -1e100;  // for what is not finite: the algorithm reckons with it
constexpr double kTolerance = 1e-7;

struct Run {
  const Differentiable& f;
  Maximum best;
  nlopt_opt opt = nullptr;
  std::exception_ptr error{};  // which must not pass through C
};

double evaluate(unsigned n, const double* x, double* gradient, void* data) {
  Run& run = *static_cast<Run*>(data);
  std::vector<double> own(n);
  const std::span<double> slopes(gradient ? gradient : own.data(), n);
  double value = kLowest;
  try {
    value = run.f({x, n}, slopes);
  } catch (...) {
    run.error = std::current_exception();
    nlopt_force_stop(run.opt);
  }
  if (!std::isfinite(value)) {
    value = kLowest;
    std::ranges::fill(slopes, 0.0);
  }
  if (value > run.best.value) run.best = {{x, x + n}, value};
  return value;
}

}  // namespace

Maximum maximise(const Differentiable& f, std::vector<double> start, std::span<const double> low,
                 std::span<const double> high, int evaluations) {
  const auto n = static_cast<unsigned>(start.size());
  for (unsigned i = 0; i < n; ++i) start[i] = std::clamp(start[i], low[i], high[i]);
  Run run{f, {start, -std::numeric_limits<double>::infinity()}};
  if (n == 0) {
    run.best.value = f({}, {});
    return run.best;
  }
  const std::unique_ptr<nlopt_opt_s, void (*)(nlopt_opt)> opt(nlopt_create(NLOPT_LD_SLSQP, n),
                                                              nlopt_destroy);
  const bool made = opt && nlopt_set_max_objective(opt.get(), evaluate, &run) > 0 &&
                    nlopt_set_lower_bounds(opt.get(), low.data()) > 0 &&
                    nlopt_set_upper_bounds(opt.get(), high.data()) > 0 &&
                    nlopt_set_maxeval(opt.get(), evaluations) > 0 &&
                    nlopt_set_ftol_abs(opt.get(), kTolerance) > 0 &&
                    nlopt_set_xtol_rel(opt.get(), kTolerance) > 0;
  require(made, "maximise: NLopt refuses ", n, " variables");
  run.opt = opt.get();
  double value = 0;
  // Whatever it says at the end (rounding limits it, say), the best point that it saw counts.
  nlopt_optimize(opt.get(), start.data(), &value);
  if (run.error) std::rethrow_exception(run.error);
  return run.best;
}

}  // namespace joule::search
