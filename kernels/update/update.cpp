// SPDX-License-Identifier: MIT
#include "kernels/update/update.h"

#include <array>
#include <cmath>

#include "kernels/same.h"
#include "kernels/update/update_impl.h"
#include "kernels/update/update_reference.h"

namespace joule {
namespace {

template <class T>
T* mutable_or_null(const Tensor& t) {
  return t ? t.mutable_data<T>() : nullptr;
}

void run_sgd_reference(const SgdUpdate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::sgd_update(op, op.parameter.numel(), op.parameter.mutable_data<T>(),
                          op.gradient.data<T>(), mutable_or_null<T>(op.velocity));
  });
}

void run_adam_reference(const AdamUpdate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::adam_update(op, op.parameter.numel(), op.parameter.mutable_data<T>(),
                           op.gradient.data<T>(), op.first_moment.mutable_data<T>(),
                           op.second_moment.mutable_data<T>());
  });
}

void run_rmsprop_reference(const RmsPropUpdate& op, Context&, Tally*) {
  visit_float(op.dtype(), [&]<class T>(T) {
    reference::rmsprop_update(op, op.parameter.numel(), op.parameter.mutable_data<T>(),
                              op.gradient.data<T>(), op.square_average.mutable_data<T>(),
                              mutable_or_null<T>(op.velocity));
  });
}

void require_not_negative(std::string_view op, std::string_view name, double value) {
  require(value >= 0 && std::isfinite(value), op, ": ", name,
          " must be finite and not negative, got ", value);
}

void require_fraction(std::string_view op, std::string_view name, double value) {
  require(value >= 0 && value < 1, op, ": ", name, " must be in [0, 1), got ", value);
}

void check_velocity(std::string_view op, const Tensor& parameter, const Tensor& velocity,
                    double momentum) {
  require_fraction(op, "momentum", momentum);
  require(velocity.defined() == (momentum > 0), op, ": momentum is ", momentum, ", velocity is ",
          velocity.defined() ? "given" : "undefined");
  if (velocity) require_same(op, {{"parameter", parameter}, {"velocity", velocity}});
}

/// Reads `kept` + 2 tensors like `parameter` and writes `kept` + 1 of them.
Work update_work(const Tensor& parameter, std::int64_t kept) {
  const auto bytes = static_cast<std::int64_t>(parameter.bytes());
  return {.bytes_read = (kept + 2) * bytes, .bytes_written = (kept + 1) * bytes};
}

}  // namespace

void SgdUpdate::check() const {
  require_same(kName, {{"parameter", parameter}, {"gradient", gradient}});
  check_velocity(kName, parameter, velocity, momentum);
  require_not_negative(kName, "lr", lr);
  require_not_negative(kName, "weight_decay", weight_decay);
  require(!nesterov || momentum > 0, kName, ": nesterov needs momentum > 0");
}

Work SgdUpdate::work() const { return update_work(parameter, velocity ? 1 : 0); }

std::span<const Implementation<SgdUpdate>> SgdUpdate::implementations() {
  static constexpr std::array kTable = {
      Implementation<SgdUpdate>{"cpu.simd", Device::cpu, runs_all, cpu::sgd_update_simd},
      Implementation<SgdUpdate>{kReference, Device::cpu, runs_all, run_sgd_reference},
  };
  return kTable;
}

void AdamUpdate::check() const {
  require_same(kName, {{"parameter", parameter},
                       {"gradient", gradient},
                       {"first_moment", first_moment},
                       {"second_moment", second_moment}});
  require_not_negative(kName, "lr", lr);
  require_fraction(kName, "beta1", beta1);
  require_fraction(kName, "beta2", beta2);
  require_not_negative(kName, "epsilon", epsilon);
  require_not_negative(kName, "weight_decay", weight_decay);
  require(step >= 1, kName, ": step counts from 1, got ", step);
}

Work AdamUpdate::work() const { return update_work(parameter, 2); }

std::span<const Implementation<AdamUpdate>> AdamUpdate::implementations() {
  static constexpr std::array kTable = {
      Implementation<AdamUpdate>{"cpu.simd", Device::cpu, runs_all, cpu::adam_update_simd},
      Implementation<AdamUpdate>{kReference, Device::cpu, runs_all, run_adam_reference},
  };
  return kTable;
}

void RmsPropUpdate::check() const {
  require_same(
      kName,
      {{"parameter", parameter}, {"gradient", gradient}, {"square_average", square_average}});
  check_velocity(kName, parameter, velocity, momentum);
  require_not_negative(kName, "lr", lr);
  require_fraction(kName, "alpha", alpha);
  require_not_negative(kName, "epsilon", epsilon);
  require_not_negative(kName, "weight_decay", weight_decay);
}

Work RmsPropUpdate::work() const { return update_work(parameter, velocity ? 2 : 1); }

std::span<const Implementation<RmsPropUpdate>> RmsPropUpdate::implementations() {
  static constexpr std::array kTable = {
      Implementation<RmsPropUpdate>{"cpu.simd", Device::cpu, runs_all, cpu::rmsprop_update_simd},
      Implementation<RmsPropUpdate>{kReference, Device::cpu, runs_all, run_rmsprop_reference},
  };
  return kTable;
}

}  // namespace joule
