// SPDX-License-Identifier: MIT
#include <algorithm>
#include <numeric>
#include <utility>

#include "joule/core/autograd/autograd.h"
#include "joule/kernels/function.h"
#include "joule/kernels/reduce/sum.h"

namespace joule {
namespace {

/// The sum over the dimensions [first, last), which become 1.
Tensor sum_group(const Tensor& x, int first, int last, double factor) {
  std::vector<std::int64_t> dims(x.shape().begin(), x.shape().end());
  std::fill(dims.begin() + first, dims.begin() + last, 1);
  Tensor y = empty_like(x, Shape(dims));
  dispatch(ops::Sum{.x = x, .y = y, .first = first, .last = last, .factor = factor});
  record("sum", {x}, {&y}, [shape = x.shape(), first, last, factor](std::span<const Tensor> grads) {
    const Tensor grad_x = empty_like(grads[0], shape);
    dispatch(ops::SumGrad{
        .grad_y = grads[0], .grad_x = grad_x, .first = first, .last = last, .factor = factor});
    return std::vector<Tensor>{grad_x};
  });
  return y;
}

/// The sum over the dimensions that are marked, which become 1.  The groups that lie together, the
/// last one first: it is the largest step for memory that lies together.
Tensor sum_marked(Tensor x, const std::vector<bool>& marked, double factor) {
  int last = x.shape().rank();
  while (last > 0) {
    if (!marked[static_cast<std::size_t>(last - 1)]) {
      --last;
      continue;
    }
    int first = last - 1;
    while (first > 0 && marked[static_cast<std::size_t>(first - 1)]) --first;
    x = sum_group(x, first, last, std::exchange(factor, 1));
    last = first;
  }
  return x;
}

std::vector<bool> marked_dims(std::string_view op, const Tensor& x, const std::vector<int>& dims) {
  require(x.defined(), op, ": x is undefined");
  const int rank = x.shape().rank();
  std::vector<bool> marked(static_cast<std::size_t>(rank));
  for (const int dim : dims) {
    const int at = dim < 0 ? rank + dim : dim;
    require(at >= 0 && at < rank, op, ": x is ", x.shape(), ", it has no dimension ", dim);
    require(!marked[static_cast<std::size_t>(at)], op, ": dimension ", dim, " is named twice");
    marked[static_cast<std::size_t>(at)] = true;
  }
  return marked;
}

/// How many elements of x make one of the result.
std::int64_t count_of(const Tensor& x, const std::vector<bool>& marked) {
  std::int64_t count = 1;
  for (int d = 0; d < x.shape().rank(); ++d) {
    if (marked[static_cast<std::size_t>(d)]) count *= x.dim(d);
  }
  return count;
}

Tensor sum_or_mean(const Tensor& x, const std::vector<bool>& marked, bool keep_dims, bool of_mean) {
  const double factor = of_mean ? 1 / static_cast<double>(count_of(x, marked)) : 1;
  const Tensor y = sum_marked(x, marked, factor);
  if (keep_dims) return y;
  std::vector<std::int64_t> dims;
  for (int d = 0; d < x.shape().rank(); ++d) {
    if (!marked[static_cast<std::size_t>(d)]) dims.push_back(x.dim(d));
  }
  return y.reshape(Shape(dims));
}

std::vector<int> all_dims(std::string_view op, const Tensor& x) {
  require(x.defined(), op, ": x is undefined");
  std::vector<int> dims(static_cast<std::size_t>(x.shape().rank()));
  std::iota(dims.begin(), dims.end(), 0);
  return dims;
}

}  // namespace

Tensor sum(const Tensor& x) { return sum(x, all_dims("sum", x)); }
Tensor sum(const Tensor& x, const std::vector<int>& dims, bool keep_dims) {
  return sum_or_mean(x, marked_dims("sum", x, dims), keep_dims, false);
}
Tensor mean(const Tensor& x) { return mean(x, all_dims("mean", x)); }
Tensor mean(const Tensor& x, const std::vector<int>& dims, bool keep_dims) {
  return sum_or_mean(x, marked_dims("mean", x, dims), keep_dims, true);
}

Tensor sum_to(const Tensor& x, const Shape& shape, double factor) {
  const int missing = x.shape().rank() - shape.rank();
  if (x.shape() == shape && factor == 1) return x;
  require(missing >= 0, "sum_to: x is ", x.shape(), ", it cannot become ", shape);
  std::vector<bool> marked(static_cast<std::size_t>(x.shape().rank()), true);
  for (int d = missing; d < x.shape().rank(); ++d) {
    const bool summed = shape[d - missing] == 1;
    require(summed || x.dim(d) == shape[d - missing], "sum_to: x is ", x.shape(),
            ", it cannot become ", shape);
    marked[static_cast<std::size_t>(d)] = summed;
  }
  return sum_marked(x, marked, factor).reshape(shape);
}

}  // namespace joule
