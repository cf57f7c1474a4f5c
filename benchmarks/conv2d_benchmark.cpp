// SPDX-License-Identifier: MIT
// Each implementation of the convolution and its gradients beside oneDNN's best direct kernel, in
// one run, by turns: the machine's moods then hit all alike.
//   conv2d_benchmark [--threads 2] [--rounds 15] [--wanted 100] > conv2d.json
// --wanted: how many percent of the input came out of a ReLU as non-zero, so that its gradient is
// wanted there alone.
// The peer may choose the layout of all its operands and gets its weights packed for nothing; what
// it would cost to bring images into that layout and back is not counted.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/conv2d_benchmark.cpp"
#include <hwy/foreach_target.h>
// foreach_target.h comes first: it compiles the rest of this file once per instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#if JOULE_WITH_ONEDNN
#include <dnnl.hpp>
#endif

#include "core/random.h"
#include "core/threads.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/relu/relu.h"

HWY_BEFORE_NAMESPACE();
namespace joule::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Multiply-adds on twelve independent registers: enough to hide the latency of two FMA units.
// Returns the floating-point operations done.
double MultiplyAdds(std::int64_t repeats, float* sink) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.5f);
  hn::Vec<decltype(d)> x[12];
  for (auto& v : x) v = hn::Set(d, 1.0f);
  for (std::int64_t i = 0; i < repeats; ++i) {
    HWY_UNROLL(12)
    for (auto& v : x) v = hn::MulAdd(v, factor, factor);
  }
  auto sum = x[0];
  for (auto& v : x) sum = hn::Add(sum, v);
  *sink = hn::GetLane(sum);
  return 2.0 * 12 * static_cast<double>(hn::Lanes(d)) * static_cast<double>(repeats);
}

}  // namespace joule::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace joule {
HWY_EXPORT(MultiplyAdds);

namespace {

double seconds(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Timed {
  std::string name;
  std::function<void()> body;
  std::vector<double> times{};

  double best() const { return *std::ranges::min_element(times); }
  double median() const {
    std::vector<double> sorted = times;
    std::ranges::nth_element(sorted, sorted.begin() + sorted.size() / 2);
    return sorted[sorted.size() / 2];
  }
};

struct Layer {
  std::int64_t batch, in, out, size;  // 3x3, padding 1, square images
  std::string name() const { return str(in, "->", out, "@", size, " batch ", batch); }
};

// SmallCnn's, and those by which direct kernels are compared.
const Layer kLayers[] = {{128, 1, 32, 28},  {128, 32, 64, 28},  {128, 64, 128, 14},
                         {16, 64, 128, 56}, {16, 128, 128, 28}, {16, 256, 256, 14}};

Tensor uniform(const Shape& shape) {
  const Tensor t(shape);
  Generator generator(1);
  generator.uniform({t.mutable_data<float>(), static_cast<std::size_t>(t.numel())}, -1.0f, 1.0f);
  return t;
}

template <Operation Op>
void add_implementations(const Op& op, std::vector<Timed>& timed) {
  for (const auto& impl : Op::implementations()) {
    if (impl.name == kReference || cannot_run(impl, op, Context{})) continue;
    timed.push_back({std::string(impl.name), [op, name = impl.name] {
                       Context ctx{.force = name};
                       dispatch(op, ctx);
                     }});
  }
}

/// What a ReLU leaves of random values of which `percent` are positive.
Tensor relu_output(const Shape& shape, int percent) {
  const Tensor t = uniform(shape);
  for (float& value : std::span(t.mutable_data<float>(), static_cast<std::size_t>(t.numel()))) {
    value += static_cast<float>(2 * percent - 100) / 100;
  }
  dispatch(Relu{.x = t, .y = t});
  return t;
}

#if JOULE_WITH_ONEDNN
using dnnl::memory;

struct Peer {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  memory::desc x, y, weight;
  dnnl::convolution_forward::primitive_desc forward;

  static constexpr auto kDirect = dnnl::algorithm::convolution_direct;

  Peer(const Layer& l, memory::format_tag images)
      : x({l.batch, l.in, l.size, l.size}, memory::data_type::f32, images),
        y({l.batch, l.out, l.size, l.size}, memory::data_type::f32, images),
        weight({l.out, l.in, 3, 3}, memory::data_type::f32, memory::format_tag::any),
        forward({dnnl::prop_kind::forward_training, kDirect, x, weight, y, {1, 1}, {1, 1}, {1, 1}},
                engine) {}

  memory zeros(const memory::desc& desc) const {
    memory m(desc, engine);
    std::fill_n(static_cast<char*>(m.get_data_handle()), desc.get_size(), 0);
    return m;
  }
  std::function<void()> call(dnnl::primitive primitive, std::unordered_map<int, memory> arguments) {
    return [primitive = std::move(primitive), arguments = std::move(arguments),
            stream = stream]() mutable {
      primitive.execute(stream, arguments);
      stream.wait();
    };
  }

  std::function<void()> operation(const std::string& op) {
    if (op == Conv2d::kName) {
      return call(dnnl::convolution_forward(forward),
                  {{DNNL_ARG_SRC, zeros(forward.src_desc())},
                   {DNNL_ARG_WEIGHTS, zeros(forward.weights_desc())},
                   {DNNL_ARG_DST, zeros(forward.dst_desc())}});
    }
    if (op == Conv2dGradInput::kName) {
      using Backward = dnnl::convolution_backward_data;
      const Backward::primitive_desc desc({kDirect, x, weight, y, {1, 1}, {1, 1}, {1, 1}}, engine,
                                          forward);
      return call(Backward(desc), {{DNNL_ARG_DIFF_SRC, zeros(desc.diff_src_desc())},
                                   {DNNL_ARG_WEIGHTS, zeros(desc.weights_desc())},
                                   {DNNL_ARG_DIFF_DST, zeros(desc.diff_dst_desc())}});
    }
    using Backward = dnnl::convolution_backward_weights;
    const Backward::primitive_desc desc({kDirect, x, weight, y, {1, 1}, {1, 1}, {1, 1}}, engine,
                                        forward);
    return call(Backward(desc), {{DNNL_ARG_SRC, zeros(desc.src_desc())},
                                 {DNNL_ARG_DIFF_WEIGHTS, zeros(desc.diff_weights_desc())},
                                 {DNNL_ARG_DIFF_DST, zeros(desc.diff_dst_desc())}});
  }
};

void add_peers(const Layer& layer, std::string_view op, std::vector<Timed>& timed) {
  for (const auto& [name, tag] : {std::pair{"peer, images NHWC", memory::format_tag::nhwc},
                                  std::pair{"peer, free layout", memory::format_tag::any}}) {
    timed.push_back({name, Peer(layer, tag).operation(std::string(op))});
  }
}
#else
void add_peers(const Layer&, std::string_view, std::vector<Timed>&) {}
#endif

nlohmann::json measure(const Layer& layer, std::string_view op, std::int64_t macs,
                       std::vector<Timed>& timed, int rounds) {
  add_peers(layer, op, timed);
  constexpr std::int64_t kRepeats = 100000;
  double peak = 0;  // of all threads, in the same minutes
  for (Timed& t : timed) t.body();
  for (int round = 0; round < rounds; ++round) {
    std::vector<double> flops(num_threads());
    const double time = seconds([&] {
      parallel_for(num_threads(), 1, [&](std::int64_t begin, std::int64_t) {
        float sink;
        flops[begin] = HWY_DYNAMIC_DISPATCH(MultiplyAdds)(kRepeats, &sink);
      });
    });
    peak = std::max(peak, flops[0] * num_threads() / time * 1e-9);
    for (Timed& t : timed) t.times.push_back(seconds(t.body));
  }
  double best_peer = std::numeric_limits<double>::infinity();
  for (const Timed& t : timed) {
    if (t.name.starts_with("peer")) best_peer = std::min(best_peer, t.best());
  }
  nlohmann::json rows;
  for (const Timed& t : timed) {
    const double gflops = 2e-9 * static_cast<double>(macs) / t.best();
    nlohmann::json row{{"name", t.name},
                       {"best_ms", t.best() * 1e3},
                       {"median_ms", t.median() * 1e3},
                       {"gflops", gflops},
                       {"share_of_peak", gflops / peak}};
    std::cerr << layer.name() << "  " << op << "  " << t.name << ": " << gflops << " GFLOP/s, "
              << gflops / peak << " of peak";
    if (std::isfinite(best_peer)) {
      row["speed_over_best_peer"] = best_peer / t.best();
      std::cerr << ", " << best_peer / t.best() << " x best peer";
    }
    std::cerr << '\n';
    rows.push_back(std::move(row));
  }
  return {{"layer", layer.name()}, {"op", op}, {"peak_gflops", peak}, {"implementations", rows}};
}

nlohmann::json measure(const Layer& layer, int rounds, int wanted_percent) {
  const Tensor x = uniform({layer.batch, layer.size, layer.size, layer.in});
  const Tensor y = uniform({layer.batch, layer.size, layer.size, layer.out});
  const Tensor weight = uniform({layer.out, 3, 3, layer.in}), grad_weight(weight.shape());
  const ConvParams params{.padding = 1};
  nlohmann::json results;
  const auto add = [&](const auto& op) {
    std::vector<Timed> timed;
    add_implementations(op, timed);
    results.push_back(measure(layer, op.kName, op.work().macs, timed, rounds));
  };
  add(Conv2d{.x = x, .weight = weight, .y = y, .params = params});
  if (layer.in > 1) {
    const bool all = wanted_percent == 100;
    add(Conv2dGradInput{.grad_y = y,
                        .weight = weight,
                        .grad_x = x,
                        .wanted = all ? Tensor() : relu_output(x.shape(), wanted_percent),
                        .params = params});
  }
  add(Conv2dGradWeight{.x = x, .grad_y = y, .grad_weight = grad_weight, .params = params});
  return results;
}

int option(int argc, char** argv, std::string_view name, int otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) return std::stoi(argv[i + 1]);
  }
  return otherwise;
}

}  // namespace
}  // namespace joule

int main(int argc, char** argv) {
  using namespace joule;
  set_num_threads(option(argc, argv, "--threads", 2));
  const int rounds = option(argc, argv, "--rounds", 15);
  const int wanted_percent = option(argc, argv, "--wanted", 100);
  nlohmann::json all;
  for (const Layer& layer : kLayers) {
    for (auto& result : measure(layer, rounds, wanted_percent)) all.push_back(std::move(result));
  }
  std::cout << nlohmann::json{{"threads", num_threads()},
                              {"rounds", rounds},
                              {"wanted_percent", wanted_percent},
                              {"results", all}}
                   .dump(2)
            << '\n';
}
#endif
