// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/read/fold.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

/// What is made while folding has an end that files cannot move: shapes are short.
constexpr std::int64_t kMostFolded = 1 << 20;

/// As many values as `dims` says, each the value at(i) of x.
template <class At>
Constant picked(const Constant& x, Dims dims, At&& at) {
  const std::int64_t count = elements(dims);
  require(count <= std::max(kMostFolded, elements(x)), "expected at most ", kMostFolded,
          " elements, got ", dims_text(dims));
  Constant y{.type = x.type, .dims = std::move(dims)};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto from = static_cast<std::size_t>(at(i));
    if (x.is_float()) {
      y.floats.push_back(x.floats[from]);
    } else {
      y.integers.push_back(x.integers[from]);
    }
  }
  return y;
}

std::int64_t product(std::span<const std::int64_t> dims) { return elements(dims); }

/// x as `outer` pieces of x.dims[axis] rows of `inner` values.
struct Split {
  std::int64_t outer, extent, inner;
};
Split split_at(const Constant& x, std::size_t axis) {
  const std::span<const std::int64_t> dims = x.dims;
  return {product(dims.first(axis)), dims[axis], product(dims.subspan(axis + 1))};
}

/// The rows `rows` of an axis, which becomes `dims`.
Constant rows_of(const Constant& x, std::size_t axis, const std::vector<std::int64_t>& rows,
                 const Dims& instead) {
  const Split s = split_at(x, axis);
  Dims dims(x.dims.begin(), x.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), instead.begin(), instead.end());
  dims.insert(dims.end(), x.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.dims.end());
  const auto count = static_cast<std::int64_t>(rows.size());
  return picked(x, dims, [&](std::int64_t i) {
    const std::int64_t column = i % s.inner, row = i / s.inner % count, outer = i / s.inner / count;
    return (outer * s.extent + rows[static_cast<std::size_t>(row)]) * s.inner + column;
  });
}

Constant folded_gather(const OnnxNode& node) {
  const Constant &x = node.constant(0, "data"), &at = node.constant(1, "indices");
  require(!at.is_float(), "indices: expected whole numbers");
  const std::size_t axis = axis_at(node.integer("axis", 0), x.dims.size());
  std::vector<std::int64_t> rows = at.integers;
  for (std::int64_t& row : rows) {
    require(row >= -x.dims[axis] && row < x.dims[axis], "index ", row, " is outside ",
            dims_text(x.dims));
    if (row < 0) row += x.dims[axis];
  }
  return rows_of(x, axis, rows, at.dims);
}

Constant folded_concat(const OnnxNode& node) {
  const Constant& first = node.constant(0, "input");
  const std::size_t axis = axis_at(node.integer("axis", 0), first.dims.size());
  Constant y{.type = first.type, .dims = first.dims};
  const std::int64_t outer = split_at(first, axis).outer;
  y.dims[axis] = 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    const Constant& x = node.constant(i, "input");
    Dims expected = first.dims;
    require(x.dims.size() == expected.size(), "expected inputs of one rank");
    expected[axis] = x.dims[axis];
    require(x.type == first.type && x.dims == expected, "expected inputs that fit together, got ",
            dims_text(first.dims), " and ", dims_text(x.dims));
    y.dims[axis] += x.dims[axis];
  }
  require(elements(y) <= kMostFolded, "expected at most ", kMostFolded, " elements, got ",
          dims_text(y.dims));
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::size_t i = 0; i < node.inputs(); ++i) {
      const Constant& x = node.constant(i, "input");
      const Split s = split_at(x, axis);
      const auto begin = o * s.extent * s.inner, end = begin + s.extent * s.inner;
      if (x.is_float()) {
        y.floats.insert(y.floats.end(), x.floats.begin() + begin, x.floats.begin() + end);
      } else {
        y.integers.insert(y.integers.end(), x.integers.begin() + begin, x.integers.begin() + end);
      }
    }
  }
  return y;
}

Constant folded_slice(const OnnxNode& node) {
  Constant y = node.constant(0, "data");
  const auto starts = integers_of(node.constant(1, "starts"), "starts");
  const auto ends = integers_of(node.constant(2, "ends"), "ends");
  const Constant *const axes = node.constant_if_given(3, "axes"), *const steps =
                                                                      node.constant_if_given(
                                                                          4, "steps");
  require(starts.size() == ends.size() && (!axes || axes->integers.size() == starts.size()) &&
              (!steps || steps->integers.size() == starts.size()),
          "expected starts, ends, axes and steps of one length");
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t axis =
        axis_at(axes ? axes->integers[i] : static_cast<std::int64_t>(i), y.dims.size());
    const std::int64_t extent = y.dims[axis], step = steps ? steps->integers[i] : 1;
    require(step >= 1, "steps: expected 1 or more, got ", step);
    const auto inside = [&](std::int64_t at) {
      return std::clamp<std::int64_t>(at < 0 ? at + extent : at, 0, extent);
    };
    std::vector<std::int64_t> rows;
    const std::int64_t end = inside(ends[i]);
    for (std::int64_t row = inside(starts[i]); row < end; row += std::min(step, extent + 1)) {
      rows.push_back(row);
    }
    y = rows_of(y, axis, rows, {static_cast<std::int64_t>(rows.size())});
  }
  return y;
}

Constant folded_reshape(Constant x, Dims dims, bool zero_keeps) {
  std::int64_t known = 1;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && zero_keeps) {
      require(i < x.dims.size(), "a 0 in the shape stands for no dimension");
      dims[i] = x.dims[i];
    }
    if (dims[i] == -1) {
      require(!open, "expected at most one -1 in the shape");
      open = i;
      dims[i] = 1;
    }
  }
  known = elements(dims);
  if (open && known > 0) dims[*open] = elements(x) / known;
  require(elements(dims) == elements(x), "a constant of ", dims_text(x.dims), " cannot become ",
          dims_text(dims));
  x.dims = std::move(dims);
  return x;
}

Constant folded_transpose(const OnnxNode& node) {
  const Constant& x = node.constant(0, "data");
  const std::size_t rank = x.dims.size();
  std::vector<std::int64_t> perm(rank);
  for (std::size_t i = 0; i < rank; ++i) perm[i] = static_cast<std::int64_t>(rank - 1 - i);
  perm = node.integers("perm").value_or(perm);
  std::vector<std::int64_t> sorted = perm, strides(rank, 1);
  std::ranges::sort(sorted);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    require(sorted.size() == rank && sorted[i] == static_cast<std::int64_t>(i),
            "perm is no permutation of ", rank, " axes");
  }
  for (std::size_t i = rank; i-- > 1;) strides[i - 1] = strides[i] * x.dims[i];
  Dims dims;
  for (const std::int64_t axis : perm) dims.push_back(x.dims[static_cast<std::size_t>(axis)]);
  return picked(x, dims, [&](std::int64_t i) {
    std::int64_t from = 0;
    for (std::size_t axis = rank; axis-- > 0; i /= dims[axis]) {
      from += i % dims[axis] * strides[static_cast<std::size_t>(perm[axis])];
    }
    return from;
  });
}

Constant with_ones(Constant x, const std::vector<std::int64_t>& axes) {
  const std::size_t rank = x.dims.size() + axes.size();
  std::vector<bool> is_new(rank, false);
  for (const std::int64_t axis : axes) is_new[axis_at(axis, rank)] = true;
  require(std::ranges::count(is_new, true) == std::ssize(axes), "an axis is there twice");
  Dims dims;
  auto next = x.dims.begin();
  for (const bool one : is_new) dims.push_back(one ? 1 : *next++);
  x.dims = dims;
  return x;
}

Constant without_ones(Constant x, const std::optional<std::vector<std::int64_t>>& axes) {
  std::vector<bool> gone(x.dims.size(), false);
  for (std::size_t i = 0; !axes && i < gone.size(); ++i) gone[i] = x.dims[i] == 1;
  for (const std::int64_t axis : axes.value_or(std::vector<std::int64_t>{})) {
    const std::size_t at = axis_at(axis, x.dims.size());
    require(x.dims[at] == 1, "axis ", axis, " of ", dims_text(x.dims), " is not 1");
    gone[at] = true;
  }
  Dims dims;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i]) dims.push_back(x.dims[i]);
  }
  x.dims = dims;
  return x;
}

Constant folded_cast(const OnnxNode& node) {
  using ::onnx::TensorProto;
  Constant x = node.constant(0, "input");
  const std::int64_t to = node.integer("to", 0);
  const bool to_float = to == TensorProto::FLOAT, to_double = to == TensorProto::DOUBLE;
  const bool to_integer = to == TensorProto::INT64 || to == TensorProto::INT32;
  const bool to_boolean = to == TensorProto::BOOL;
  require(to_float || to_double || to_integer || to_boolean, "to ONNX's type ", to,
          ": expected float32, float64, int32, int64 or bool");
  if (to_float || to_double) {
    for (const std::int64_t v : x.integers) {
      require(v != kBatch, "the size of the batch cannot become a float");
      x.floats.push_back(static_cast<float>(v));
    }
    x.integers.clear();
    x.type = to_float ? ElementType::f32 : ElementType::f64;
    return x;
  }
  for (const float v : x.floats) {
    require(std::abs(v) < 0x1p62f, "expected numbers that whole numbers can hold, got ", v);
    x.integers.push_back(to_boolean ? v != 0 : static_cast<std::int64_t>(v));
  }
  x.floats.clear();
  if (to_boolean) {
    for (std::int64_t& v : x.integers) v = v != 0;
  }
  if (to == TensorProto::INT32) {
    for (const std::int64_t v : x.integers) {
      require(v == kBatch || (v >= INT32_MIN && v <= INT32_MAX), v, " is no int32");
    }
  }
  x.type = to_boolean ? ElementType::boolean : ElementType::integer;
  return x;
}

std::int64_t computed(std::string_view op, std::int64_t a, std::int64_t b) {
  require(a != kBatch && b != kBatch, "arithmetic on the size of the batch, which is free");
  std::int64_t y = 0;
  bool overflow = false;
  if (op == "Add") overflow = __builtin_add_overflow(a, b, &y);
  if (op == "Sub") overflow = __builtin_sub_overflow(a, b, &y);
  if (op == "Mul") overflow = __builtin_mul_overflow(a, b, &y);
  if (op == "Div") {
    require(b != 0 && b != -1, "division of a whole number by ", b);
    y = a / b;  // towards 0, as ONNX has it
  }
  require(!overflow && y != kBatch, "a whole number is too large");
  return y;
}

double computed(std::string_view op, double a, double b) {
  if (op == "Add") return a + b;
  if (op == "Sub") return a - b;
  return op == "Mul" ? a * b : a / b;
}

/// The position in `x` that is repeated to position i of `dims`.
std::int64_t repeated_from(const Constant& x, const Dims& dims, std::int64_t i) {
  std::int64_t at = 0, stride = 1;
  for (std::size_t k = 0; k < dims.size(); ++k) {
    const std::int64_t position = i % dims[dims.size() - 1 - k];
    i /= dims[dims.size() - 1 - k];
    if (k >= x.dims.size()) continue;
    const std::int64_t extent = x.dims[x.dims.size() - 1 - k];
    if (extent > 1) at += position * stride;
    stride *= extent;
  }
  return at;
}

Constant folded_arithmetic(const OnnxNode& node) {
  const Constant &a = node.constant(0, "A"), &b = node.constant(1, "B");
  require(a.type == b.type && a.type != ElementType::f64 && a.type != ElementType::boolean,
          "expected two constants of float32, or of whole numbers");
  Dims dims(std::max(a.dims.size(), b.dims.size()), 1);
  for (const Constant* const x : {&a, &b}) {
    for (std::size_t k = 0; k < x->dims.size(); ++k) {
      std::int64_t& dim = dims[dims.size() - 1 - k];
      const std::int64_t extent = x->dims[x->dims.size() - 1 - k];
      require(dim == extent || dim == 1 || extent == 1, dims_text(a.dims), " and ",
              dims_text(b.dims), " do not fit together");
      if (dim == 1) dim = extent;
    }
  }
  Constant y = picked(a, dims, [&](std::int64_t i) { return repeated_from(a, dims, i); });
  for (std::int64_t i = 0; i < elements(dims); ++i) {
    const auto at = static_cast<std::size_t>(i),
               from = static_cast<std::size_t>(repeated_from(b, dims, i));
    if (y.is_float()) {
      y.floats[at] =
          static_cast<float>(computed(node.op(), double{y.floats[at]}, double{b.floats[from]}));
    } else {
      y.integers[at] = computed(node.op(), y.integers[at], b.integers[from]);
    }
  }
  return y;
}

Constant constant_of(const OnnxNode& node) {
  if (auto tensor = node.tensor("value")) return *tensor;
  if (node.has("value_float")) return {.floats = {node.number("value_float", 0)}};
  if (node.has("value_int")) {
    return {.type = ElementType::integer, .integers = {node.integer("value_int", 0)}};
  }
  if (auto list = node.integers("value_ints")) {
    return {.type = ElementType::integer, .dims = {std::ssize(*list)}, .integers = *list};
  }
  if (auto list = node.numbers("value_floats")) {
    return {.dims = {std::ssize(*list)}, .floats = *list};
  }
  throw ArgumentError("expected a value that is a tensor, numbers or whole numbers");
}

Constant constant_of_shape(const OnnxNode& node) {
  Dims dims = integers_of(node.constant(0, "shape"), "shape");
  Constant one{.dims = {1}, .floats = {0}};
  if (auto value = node.tensor("value")) one = *value;
  require(elements(one) == 1, "value: expected one element");
  return picked(one, dims, [](std::int64_t) { return 0; });
}

/// The dimensions of its input, which may be computed when the net runs.
Constant shape_of(const OnnxNode& node) {
  Dims dims{kBatch};
  if (node.is_constant(0)) {
    dims = node.constant(0, "data").dims;
  } else {
    const Dims behind = node.view(0).dims();
    dims.insert(dims.end(), behind.begin(), behind.end());
  }
  const auto rank = static_cast<std::int64_t>(dims.size());
  const auto inside = [&](std::int64_t at) {
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t first = inside(node.integer("start", 0)),
                     last = inside(node.integer("end", rank));
  const Dims some(dims.begin() + first, dims.begin() + std::max(first, last));
  return {.type = ElementType::integer, .dims = {std::ssize(some)}, .integers = some};
}

using Fold = Constant (*)(const OnnxNode&);

const std::map<std::string_view, Fold>& folds() {
  static const std::map<std::string_view, Fold> all{
      {"Add", folded_arithmetic},
      {"Cast", folded_cast},
      {"Concat", folded_concat},
      {"ConstantOfShape", constant_of_shape},
      {"Div", folded_arithmetic},
      {"Gather", folded_gather},
      {"Identity", [](const OnnxNode& node) { return node.constant(0, "input"); }},
      {"Mul", folded_arithmetic},
      {"Reshape",
       [](const OnnxNode& node) {
         return folded_reshape(node.constant(0, "data"),
                               integers_of(node.constant(1, "shape"), "shape"),
                               node.integer("allowzero", 0) == 0);
       }},
      {"Slice", folded_slice},
      {"Sqrt",
       [](const OnnxNode& node) {
         Constant x = node.constant(0, "X");
         require(x.type == ElementType::f32, "expected float32");
         for (float& v : x.floats) v = static_cast<float>(std::sqrt(double{v}));
         return x;
       }},
      {"Squeeze",
       [](const OnnxNode& node) {
         return without_ones(node.constant(0, "data"), node.attribute_or_input("axes", 1));
       }},
      {"Sub", folded_arithmetic},
      {"Transpose", folded_transpose},
      {"Unsqueeze", [](const OnnxNode& node) {
         const auto axes = node.attribute_or_input("axes", 1);
         require(axes.has_value(), "it has no axes");
         return with_ones(node.constant(0, "data"), *axes);
       }}};
  return all;
}

}  // namespace

std::optional<Constant> folded(const OnnxNode& node) {
  if (node.op() == "Constant") return constant_of(node);
  if (node.op() == "Shape") return shape_of(node);
  bool constants = node.inputs() > 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    constants = constants && (node.is_constant(i) || !node.has_input(i));
  }
  if (!constants || !node.has_input(0)) return {};
  const auto fold = folds().find(node.op());
  require(fold != folds().end(), "all its inputs are constants: it is not folded");
  return fold->second(node);
}

}  // namespace joule::exchange
