// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/op.h"
#include "joule/core/random.h"
#include "joule/kernels/conv2d/conv2d.h"

// The errors of every implementation of a 3x3 convolution on the CPU against float64, as a table in
// Markdown: of the values, and of f32's bound gamma_n sum |x w|.  No timing.
namespace joule {
namespace {

struct Problem {
  std::int64_t images, size, in, out;
  double density;  // of x
};

/// Normal by the sum of twelve uniform numbers.
Tensor normal(const Shape& shape, double deviation, Generator& generator) {
  const Tensor t(shape), u({12 * t.numel()});
  generator.uniform({u.mutable_data<float>(), static_cast<std::size_t>(u.numel())}, -0.5f, 0.5f);
  for (std::int64_t i = 0; i < t.numel(); ++i) {
    double sum = 0;
    for (int k = 0; k < 12; ++k) sum += u.data<float>()[12 * i + k];
    t.mutable_data<float>()[i] = static_cast<float>(deviation * sum);
  }
  return t;
}

/// As behind a ReLU: the values above a threshold that leaves this share of them.
void make_sparse(const Tensor& t, double density) {
  std::vector<float> sorted(t.data<float>(), t.data<float>() + t.numel());
  const auto below = static_cast<std::ptrdiff_t>((1 - density) * static_cast<double>(t.numel()));
  std::nth_element(sorted.begin(), sorted.begin() + below, sorted.end());
  const float threshold = sorted[static_cast<std::size_t>(below)];
  float* const values = t.mutable_data<float>();
  for (std::int64_t i = 0; i < t.numel(); ++i) values[i] = std::max(values[i] - threshold, 0.0f);
}

Tensor in_double(const Tensor& x, const Tensor& weight, bool magnitudes) {
  const Tensor x64 = x.to(DType::f64), weight64 = weight.to(DType::f64);
  for (const Tensor& t : {x64, weight64}) {
    double* const values = t.mutable_data<double>();
    for (std::int64_t i = 0; magnitudes && i < t.numel(); ++i) values[i] = std::abs(values[i]);
  }
  const Tensor y({x.dim(0), x.dim(1), x.dim(2), weight.dim(0)}, DType::f64);
  dispatch(ops::Conv2d{.x = x64, .weight = weight64, .y = y, .params = {.padding = 1}});
  return y;
}

void print_errors(const Problem& p, Generator& generator) {
  const Tensor x = normal({p.images, p.size, p.size, p.in}, 1, generator);
  if (p.density < 1) make_sparse(x, p.density);
  const double fan_in = 9.0 * static_cast<double>(p.in);
  const Tensor weight = normal({p.out, 3, 3, p.in}, std::sqrt(2 / fan_in), generator);
  const Tensor exact = in_double(x, weight, false), sizes = in_double(x, weight, true);
  const Tensor y({p.images, p.size, p.size, p.out});
  const ops::Conv2d op{.x = x, .weight = weight, .y = y, .params = {.padding = 1}};
  const double gamma_n = (fan_in + 2) * std::numeric_limits<float>::epsilon() / 2;
  for (const auto& impl : ops::Conv2d::implementations()) {
    Context ctx{.force = impl.name, .algorithms = impl.algorithm};
    if (impl.name == kReference || cannot_run(impl, op, ctx)) continue;
    dispatch(op, ctx);
    double errors = 0, squares = 0, most = 0, largest = 0, of_bound = 0;
    for (std::int64_t i = 0; i < y.numel(); ++i) {
      const double e = exact.data<double>()[i], error = std::abs(y.data<float>()[i] - e);
      errors += error * error;
      squares += e * e;
      most = std::max(most, error);
      largest = std::max(largest, std::abs(e));
      if (error > 0) of_bound = std::max(of_bound, error / (gamma_n * sizes.data<double>()[i]));
    }
    std::printf("| %lld->%lld@%lld | %.0f %% | `%.*s` | %.1e | %.1e | %.2g |\n",
                static_cast<long long>(p.in), static_cast<long long>(p.out),
                static_cast<long long>(p.size), 100 * (1 - p.density),
                static_cast<int>(impl.name.size()), impl.name.data(), std::sqrt(errors / squares),
                most / largest, of_bound);
  }
}

}  // namespace
}  // namespace joule

int main() {
  using joule::Problem;
  std::puts(
      "| convolution | zeros of x | implementation | error, rms of the values' rms | largest "
      "error, of the largest value | largest error, of f32's bound |\n"
      "| --- | --- | --- | --- | --- | --- |");
  joule::Generator generator(1);
  for (const Problem& p :
       {Problem{4, 28, 1, 32, 1}, Problem{4, 28, 32, 64, 0.5}, Problem{4, 14, 64, 128, 0.5},
        Problem{4, 14, 64, 128, 0.1}, Problem{4, 14, 256, 256, 1}, Problem{4, 14, 256, 256, 0.5},
        Problem{4, 7, 512, 512, 0.3}}) {
    joule::print_errors(p, generator);
  }
}
