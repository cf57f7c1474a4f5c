// SPDX-License-Identifier: MIT
#include "joule/layers/flattened_inputs.h"

#include <vector>

#include "joule/core/autograd/autograd.h"
#include "joule/core/error.h"
#include "joule/layers/graph/attributes.h"
#include "joule/layers/modes_kept.h"

namespace joule::nn {
namespace {

/// Watches where images and what became of them go.
class Watcher {
 public:
  void add(const Tensor& tensor, const Shape& hwc) { seen_.push_back({tensor, hwc}); }

  void operator()(const ForwardEvent& event) {
    for (const Tensor& x : event.inputs) {
      if (x.shape().rank() == 2) note_reader(event, x);
    }
    const Tensor& y = event.output;
    if (y.shape().rank() == 4) add(y, {y.dim(1), y.dim(2), y.dim(3)});
  }
  std::map<std::string, Shape> take() { return std::move(found_); }

 private:
  struct Seen {
    Tensor tensor;  // [1,H,W,C] or [1,H*W*C]; held, so that its storage is nobody else's
    Shape hwc;
  };

  void note_reader(const ForwardEvent& event, const Tensor& x) {
    const Shape* const hwc = image_of(x);
    if (!hwc || hwc->numel() == (*hwc)[2] || (*hwc)[2] == 1) return;
    const Module& module = event.module;
    if (!module.children().empty()) return;  // they told
    const std::string what = str("flattened_inputs: ", event.layer, ", ", module.describe());
    require(event.inputs.size() == 1, what, ", puts a flattened image ", *hwc,
            " together with something else: which layers depend on the order of its values is "
            "unknown");
    const LayerSpec spec = module.spec();
    const bool norm = !spec.own && spec.kind == "BatchNorm";
    const bool linear = !spec.own && spec.kind == "Linear";
    require(norm || linear || module.parameter_count() == 0, what, ", reads a flattened image ",
            *hwc, ": in which order its parameters lie is unknown");
    if (norm || linear) found_[std::string(event.layer)] = *hwc;
    // Value by value: what comes out is in the same order.
    if (!linear && event.output.shape() == x.shape()) add(event.output, *hwc);
  }

  const Shape* image_of(const Tensor& flat) const {
    for (const Seen& seen : seen_) {
      if (seen.tensor.same_storage(flat) && seen.hwc.numel() == flat.dim(1)) return &seen.hwc;
    }
    return nullptr;
  }

  std::vector<Seen> seen_;
  std::map<std::string, Shape> found_;
};

}  // namespace

std::map<std::string, Shape> flattened_inputs(Module& net, const Shape& image) {
  require(image.rank() == 3 && image.numel() > 0,
          "flattened_inputs: expected an image [H,W,C], got ", image);
  const ModesKept kept(net);
  const NoGrad no_grad;
  net.eval();
  Watcher watcher;
  const Tensor x = Tensor::zeros({1, image[0], image[1], image[2]}, DType::f32, net.device());
  watcher.add(x, image);
  const auto subscription =
      forward_observers().add([&](const ForwardEvent& event) { watcher(event); });
  net(x);
  return watcher.take();
}

}  // namespace joule::nn
