// SPDX-License-Identifier: MIT
#include "joule/core/autograd/gradcheck.h"

#include <algorithm>
#include <cmath>

#include "joule/core/autograd/autograd.h"
#include "joule/core/context.h"
#include "joule/core/random.h"

namespace joule {
namespace {

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (std::int64_t i = 0; i < a.numel(); ++i) sum += a.data<double>()[i] * b.data<double>()[i];
  return sum;
}

}  // namespace

GradcheckResult gradcheck(const std::function<Tensor(std::span<const Tensor>)>& fn,
                          const std::vector<Tensor>& inputs, const GradcheckOptions& options) {
  std::vector<Tensor> x;
  for (const Tensor& input : inputs) {
    if (input.dtype() == DType::i32) {
      x.push_back(input.detach());
    } else {
      x.push_back(input.to(DType::f64).set_requires_grad());
    }
  }

  const Tensor y = fn(x);
  std::vector<float> random(static_cast<std::size_t>(y.numel()));
  Generator(options.seed).uniform(random, -1.0f, 1.0f);
  const Tensor r = Tensor::from(random, y.shape()).to(DType::f64);
  y.backward(r);

  GradcheckResult result{.passed = true};
  const NoGrad guard;
  for (std::size_t input = 0; input < x.size(); ++input) {
    if (x[input].dtype() == DType::i32) continue;
    const Tensor grad = x[input].grad();
    for (std::int64_t i = 0; i < x[input].numel(); ++i) {
      // Written through mutable_data each time, so that what was derived from x is void.
      const double at = x[input].data<double>()[i];
      const auto value = [&](double shifted) {
        x[input].mutable_data<double>()[i] = shifted;
        return dot(r, fn(x));
      };
      const double high = value(at + options.step);
      const double low = value(at - options.step);
      const double middle = value(at);
      const double numeric = (high - low) / (2 * options.step);
      const double analytic = grad ? grad.data<double>()[i] : 0.0;
      const double scale = std::max({1.0, std::abs(analytic), std::abs(numeric)});
      if (std::abs(high - 2 * middle + low) / options.step > options.kink * scale) {
        ++result.kinks;
        continue;
      }
      ++result.compared;
      const double error = std::abs(analytic - numeric) / scale;
      if (!(error <= result.worst_error)) {  // catches NaN
        result.worst_error = error;
        result.message = str("input ", input, ", element ", i, ": gradient ", analytic,
                             ", central difference ", numeric);
      }
    }
  }
  result.passed = result.worst_error <= options.tolerance && result.compared > 0;
  return result;
}

}  // namespace joule
