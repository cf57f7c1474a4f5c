// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "joule/data/dataset.h"
#include "joule/layers/graph/net.h"
#include "joule/study/value.h"
#include "joule/training/energy/metering.h"

// The figures of a net's inference, as values of a trial.
namespace joule::study {

/// How power is determined.
struct PowerSource {
  training::Metering* metering = nullptr;  // null: power is modelled
  std::int64_t passes = 30;                // over the images, with a meter
  double module_seconds = 0.5;             // limit for one module, with a meter
  std::function<bool()> stop{};            // called before every pass
};

/// Figures of the net (with several outputs, as one net), named with `suffix` ("_0", "_1", ""):
///
///   accuracy, loss    on the images, counted; with several outputs the first's, and the sum
///   macs, macs_executed, parameters    per image; MACs saved by zeros are not executed
///   joules            J per image: measured over the passes, or modelled (horowitz45, executed)
///   power             W: joules of all passes / their duration, +- the standard deviation of the
///                     passes; or, modelled, J per image
///   latency           s per image: the median of three passes of up to 256 images
///
/// Cost      one evaluation, and with a meter at least `passes` more, and as many as 50 of its
///           update periods take, up to a minute.
/// Errors    Interrupted; as training::evaluate().
std::vector<Value> net_figures(nn::Net& net, const Dataset& images, const std::string& suffix,
                               const PowerSource& source);

/// The power of running a module by itself, with weights drawn from `seed`, on 16 images of normal
/// noise: W over as many passes as module_seconds allows, or modelled J per image.
///
/// Errors    Interrupted; ArgumentError as nn::Net.
Value module_power(const nn::Graph& module, const std::string& name, std::uint64_t seed,
                   const PowerSource& source);

}  // namespace joule::study
