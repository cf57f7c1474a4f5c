// SPDX-License-Identifier: MIT
#include "joule/exchange/onnx/read/windows.h"

#include <algorithm>

#include "joule/core/error.h"

namespace joule::exchange {
namespace {

/// What SAME pads: so much that there is an output for every stride.
std::int64_t same_padding(std::int64_t in, std::int64_t kernel, std::int64_t stride,
                          std::int64_t dilation) {
  const std::int64_t out = (in + stride - 1) / stride;
  return std::max<std::int64_t>(0, (out - 1) * stride + dilation * (kernel - 1) + 1 - in);
}

}  // namespace

Size2 size_of(const OnnxNode& node, const char* attribute, Size2 preset, std::int64_t least) {
  const auto given = node.integers(attribute);
  if (!given) return preset;
  require(given->size() == 2, attribute, ": expected two numbers, got ", dims_text(*given));
  for (const std::int64_t value : *given) {
    require(value >= least && value <= kMostOfWindow, attribute, ": expected ", least, " to ",
            kMostOfWindow, ", got ", value);
  }
  return {given->at(0), given->at(1)};
}

Windows windows_of(const OnnxNode& node, Size2 image, std::optional<Size2> kernel) {
  require(kernel || node.has("kernel_shape"), "it has no kernel_shape");
  Windows w{.kernel = size_of(node, "kernel_shape", kernel.value_or(1), 1),
            .stride = size_of(node, "strides", 1, 1),
            .dilation = size_of(node, "dilations", 1, 1)};
  require(!kernel || (w.kernel.h == kernel->h && w.kernel.w == kernel->w), "kernel_shape ",
          w.kernel, " is not that of its weights, ", kernel.value_or(1));
  const std::string rule = node.text("auto_pad", "NOTSET");
  if (rule == "NOTSET") {
    const auto pads = node.integers("pads").value_or(std::vector<std::int64_t>{0, 0, 0, 0});
    require(pads.size() == 4 &&
                std::ranges::all_of(
                    pads, [](std::int64_t pad) { return pad >= 0 && pad <= kMostOfWindow; }),
            "pads: expected four numbers from 0 to ", kMostOfWindow, ", got ", dims_text(pads));
    w.before = {pads[0], pads[1]};
    w.after = {pads[2], pads[3]};
    return w;
  }
  require(rule == "VALID" || rule == "SAME_UPPER" || rule == "SAME_LOWER",
          "auto_pad: expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got '", rule, "'");
  if (rule == "VALID") return w;
  const Size2 all{same_padding(image.h, w.kernel.h, w.stride.h, w.dilation.h),
                  same_padding(image.w, w.kernel.w, w.stride.w, w.dilation.w)};
  const Size2 less{all.h / 2, all.w / 2}, more{all.h - less.h, all.w - less.w};
  w.before = rule == "SAME_UPPER" ? less : more;
  w.after = rule == "SAME_UPPER" ? more : less;
  return w;
}

}  // namespace joule::exchange
