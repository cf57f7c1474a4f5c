// SPDX-License-Identifier: MIT
#include "joule/kernels/update/update.h"

#include <array>
#include <cmath>
#include <initializer_list>
#include <string>

#include "joule/kernels/same.h"
#include "joule/kernels/update/update_impl.h"
#include "joule/kernels/update/update_reference.h"

namespace joule {
namespace {

void run_sgd_reference(const ops::SgdUpdate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    for (std::size_t k = 0; k < op.parameters.size(); ++k) {
      reference::sgd_update(op, op.parameters[k].numel(), op.parameters[k].mutable_data<T>(),
                            op.gradients[k].data<T>(), mutable_or_null<T>(op.velocities, k));
    }
  });
}

void run_adam_reference(const ops::AdamUpdate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    for (std::size_t k = 0; k < op.parameters.size(); ++k) {
      reference::adam_update(op, op.parameters[k].numel(), op.parameters[k].mutable_data<T>(),
                             op.gradients[k].data<T>(), op.first_moments[k].mutable_data<T>(),
                             op.second_moments[k].mutable_data<T>(),
                             mutable_or_null<T>(op.max_second_moments, k));
    }
  });
}

void run_rmsprop_reference(const ops::RmsPropUpdate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    for (std::size_t k = 0; k < op.parameters.size(); ++k) {
      reference::rmsprop_update(op, op.parameters[k].numel(), op.parameters[k].mutable_data<T>(),
                                op.gradients[k].data<T>(), op.square_averages[k].mutable_data<T>(),
                                mutable_or_null<T>(op.velocities, k),
                                mutable_or_null<T>(op.gradient_averages, k));
    }
  });
}

void run_lars_reference(const ops::LarsUpdate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    for (std::size_t k = 0; k < op.parameters.size(); ++k) {
      reference::lars_update(op, lars_rate(op, k), op.parameters[k].numel(),
                             op.parameters[k].mutable_data<T>(), op.gradients[k].data<T>(),
                             op.velocities[k].mutable_data<T>());
    }
  });
}

/// A list of operands and what messages call it.
struct NamedList {
  std::string_view name;
  const std::vector<Tensor>& tensors;
};

/// Requires parameters of one dtype and device, and in each of the other lists one tensor for each,
/// like it.
void check_lists(std::string_view op, const std::vector<Tensor>& parameters,
                 std::initializer_list<NamedList> others) {
  require(!parameters.empty(), op, ": there are no parameters");
  for (const NamedList& list : others) {
    require(list.tensors.size() == parameters.size(), op, ": ", parameters.size(),
            " parameters, but ", list.tensors.size(), " ", list.name);
  }
  const auto name = [](std::string_view list, std::size_t k) { return str(list, "[", k, "]"); };
  const Tensor& first = parameters.front();
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    const Tensor& p = parameters[k];
    if (k == 0 || !p) require_same(op, {{name("parameters", k), p}});
    require(p.dtype() == first.dtype() && p.device() == first.device(), op, ": parameters[", k,
            "] is ", p.dtype(), " on ", p.device(), ", parameters[0] is ", first.dtype(), " on ",
            first.device());
    for (const NamedList& list : others) {
      const Tensor& t = list.tensors[k];
      if (t && t.shape() == p.shape() && t.dtype() == p.dtype() && t.device() == p.device()) {
        continue;  // the names are not made for nothing
      }
      require_same(op, {{name("parameters", k), p}, {name(list.name, k), t}});
    }
  }
}

void require_not_negative(std::string_view op, std::string_view name, double value) {
  require(value >= 0 && std::isfinite(value), op, ": ", name,
          " must be finite and not negative, got ", value);
}

void require_fraction(std::string_view op, std::string_view name, double value) {
  require(value >= 0 && value < 1, op, ": ", name, " must be in [0, 1), got ", value);
}

void check_velocities(std::string_view op, const std::vector<Tensor>& parameters,
                      const std::vector<Tensor>& velocities, double momentum) {
  require_fraction(op, "momentum", momentum);
  require(velocities.empty() == (momentum == 0), op, ": momentum is ", momentum,
          ", velocities are ", velocities.empty() ? "not given" : "given");
  if (!velocities.empty()) check_lists(op, parameters, {{"velocities", velocities}});
}

/// For each parameter reads `kept` + 2 tensors like it and writes `kept` + 1 of them.
Work update_work(const std::vector<Tensor>& parameters, std::int64_t kept) {
  std::int64_t bytes = 0;
  for (const Tensor& parameter : parameters) bytes += static_cast<std::int64_t>(parameter.bytes());
  return {.bytes_read = (kept + 2) * bytes, .bytes_written = (kept + 1) * bytes};
}

}  // namespace

void ops::SgdUpdate::check() const {
  check_lists(kName, parameters, {{"gradients", gradients}});
  check_velocities(kName, parameters, velocities, momentum);
  require_not_negative(kName, "lr", lr);
  require_not_negative(kName, "weight_decay", weight_decay);
  require(!nesterov || momentum > 0, kName, ": nesterov needs momentum > 0");
  require(dampening >= 0 && dampening <= 1, kName, ": dampening must be in [0, 1], got ",
          dampening);
  require(!nesterov || dampening == 0, kName, ": nesterov needs a dampening of 0, got ", dampening);
}

Work ops::SgdUpdate::work() const { return update_work(parameters, velocities.empty() ? 0 : 1); }

std::span<const Implementation<ops::SgdUpdate>> ops::SgdUpdate::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::SgdUpdate>{"cuda.multi_tensor", Device::cuda, runs_all, cuda::sgd_update},
#endif
    Implementation<ops::SgdUpdate>{"cpu.simd", Device::cpu, runs_all, cpu::sgd_update_simd},
    Implementation<ops::SgdUpdate>{kReference, Device::cpu, runs_all, run_sgd_reference},
  };
  return kTable;
}

void ops::AdamUpdate::check() const {
  check_lists(kName, parameters,
              {{"gradients", gradients},
               {"first_moments", first_moments},
               {"second_moments", second_moments}});
  if (!max_second_moments.empty()) {
    check_lists(kName, parameters, {{"max_second_moments", max_second_moments}});
  }
  require_not_negative(kName, "lr", lr);
  require_fraction(kName, "beta1", beta1);
  require_fraction(kName, "beta2", beta2);
  require_not_negative(kName, "epsilon", epsilon);
  require_not_negative(kName, "weight_decay", weight_decay);
  require(step >= 1, kName, ": step counts from 1, got ", step);
}

Work ops::AdamUpdate::work() const {
  return update_work(parameters, max_second_moments.empty() ? 2 : 3);
}

std::span<const Implementation<ops::AdamUpdate>> ops::AdamUpdate::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::AdamUpdate>{"cuda.multi_tensor", Device::cuda, runs_all, cuda::adam_update},
#endif
    Implementation<ops::AdamUpdate>{"cpu.simd", Device::cpu, runs_all, cpu::adam_update_simd},
    Implementation<ops::AdamUpdate>{kReference, Device::cpu, runs_all, run_adam_reference},
  };
  return kTable;
}

void ops::RmsPropUpdate::check() const {
  check_lists(kName, parameters, {{"gradients", gradients}, {"square_averages", square_averages}});
  check_velocities(kName, parameters, velocities, momentum);
  if (!gradient_averages.empty()) {
    check_lists(kName, parameters, {{"gradient_averages", gradient_averages}});
  }
  require_not_negative(kName, "lr", lr);
  require_fraction(kName, "alpha", alpha);
  require_not_negative(kName, "epsilon", epsilon);
  require_not_negative(kName, "weight_decay", weight_decay);
}

Work ops::RmsPropUpdate::work() const {
  return update_work(parameters, 1 + !velocities.empty() + !gradient_averages.empty());
}

std::span<const Implementation<ops::RmsPropUpdate>> ops::RmsPropUpdate::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::RmsPropUpdate>{"cuda.multi_tensor", Device::cuda, runs_all,
                                       cuda::rmsprop_update},
#endif
    Implementation<ops::RmsPropUpdate>{"cpu.simd", Device::cpu, runs_all, cpu::rmsprop_update_simd},
    Implementation<ops::RmsPropUpdate>{kReference, Device::cpu, runs_all, run_rmsprop_reference},
  };
  return kTable;
}

void ops::LarsUpdate::check() const {
  check_lists(kName, parameters, {{"gradients", gradients}, {"velocities", velocities}});
  require_not_negative(kName, "lr", lr);
  require_not_negative(kName, "trust", trust);
  require_fraction(kName, "momentum", momentum);
  require_not_negative(kName, "weight_decay", weight_decay);
  if (!squared_norms) return;
  const Shape shape{static_cast<std::int64_t>(parameters.size()), 2};
  require(squared_norms.shape() == shape && squared_norms.dtype() == DType::f64 &&
              squared_norms.device() == device(),
          kName, ": expected squared_norms f64 ", shape, " on ", device(), ", got ",
          squared_norms.dtype(), " ", squared_norms.shape(), " on ", squared_norms.device());
}

Work ops::LarsUpdate::work() const {
  Work work = update_work(parameters, 1);
  if (squared_norms) work.bytes_read += static_cast<std::int64_t>(squared_norms.bytes());
  return work;
}

std::span<const Implementation<ops::LarsUpdate>> ops::LarsUpdate::implementations() {
  static constexpr std::array kTable = {
#if JOULE_WITH_CUDA
    Implementation<ops::LarsUpdate>{"cuda.elementwise", Device::cuda, runs_all, cuda::lars_update},
#endif
    Implementation<ops::LarsUpdate>{"cpu.simd", Device::cpu, runs_all, cpu::lars_update_simd},
    Implementation<ops::LarsUpdate>{kReference, Device::cpu, runs_all, run_lars_reference},
  };
  return kTable;
}

}  // namespace joule
