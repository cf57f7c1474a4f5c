// SPDX-License-Identifier: MIT
#include "joule/core/text/tensor_text.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace joule {
namespace {

constexpr std::int64_t kAll = 1000, kEdge = 3;

/// Prints the values of a tensor on the CPU.
class Printer {
 public:
  Printer(const Tensor& tensor, std::streamsize precision)
      : tensor_(tensor), precision_(precision), shortened_(tensor.numel() > kAll) {
    visit(0, 0, [&](std::int64_t i) { width_ = std::max(width_, number(i).size()); });
  }

  void print(std::ostream& out) const { print(out, 0, 0); }

 private:
  std::int64_t stride(int dim) const {
    std::int64_t stride = 1;
    for (int d = dim + 1; d < tensor_.shape().rank(); ++d) stride *= tensor_.dim(d);
    return stride;
  }
  /// Whether the middle of a dimension is left out.
  bool is_long(int dim) const { return shortened_ && tensor_.dim(dim) > 2 * kEdge; }

  std::string number(std::int64_t i) const {
    std::ostringstream text;
    text << std::setprecision(static_cast<int>(precision_));
    if (tensor_.dtype() == DType::i32) {
      text << tensor_.data<std::int32_t>()[i];
    } else if (tensor_.dtype() == DType::f64) {
      text << tensor_.data<double>()[i];
    } else {
      text << tensor_.data<float>()[i];
    }
    return text.str();
  }

  /// Calls leaf(element) for those that are shown of dimension `dim` and further, from `first` on.
  template <class Leaf>
  void visit(int dim, std::int64_t first, Leaf&& leaf) const {
    if (dim == tensor_.shape().rank()) return leaf(first);
    for (std::int64_t i = 0; i < tensor_.dim(dim); ++i) {
      if (is_long(dim) && i == kEdge) i = tensor_.dim(dim) - kEdge;
      visit(dim + 1, first + i * stride(dim), leaf);
    }
  }

  void print(std::ostream& out, int dim, std::int64_t first) const {
    if (dim == tensor_.shape().rank()) {
      out << std::setw(static_cast<int>(width_)) << number(first);
      return;
    }
    const bool row = dim + 1 == tensor_.shape().rank();
    const std::string between = row ? ", " : ",\n" + std::string(std::size_t(dim) + 1, ' ');
    out << '[';
    for (std::int64_t i = 0; i < tensor_.dim(dim); ++i) {
      if (i > 0) out << between;
      if (is_long(dim) && i == kEdge) {
        out << "..." << between;
        i = tensor_.dim(dim) - kEdge;
      }
      print(out, dim + 1, first + i * stride(dim));
    }
    out << ']';
  }

  const Tensor& tensor_;
  std::streamsize precision_;
  bool shortened_;
  std::size_t width_ = 0;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  if (!tensor.defined()) return out << "undefined tensor";
  out << tensor.dtype() << ' ' << tensor.shape() << " on " << tensor.device() << '\n';
  const Tensor here = tensor.to(Device::cpu);
  Printer(here, out.precision()).print(out);
  return out;
}

}  // namespace joule
