// SPDX-License-Identifier: MIT
#include "joule/core/tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "joule/core/autograd/autograd.h"
#include "joule/core/backend/backend.h"
#include "joule/core/system/denormals.h"
#include "joule/core/threads.h"

namespace joule {

struct Tensor::Impl {
  Shape shape;
  DType dtype;
  std::shared_ptr<Storage> storage;
  std::size_t offset = 0;  // bytes
  std::shared_ptr<const ZeroMask> mask;
  std::uint64_t mask_version = 0;
  std::shared_ptr<autograd::Meta> meta;
};

namespace {

/// Truncated; a cast of any other value would be undefined.
template <class From>
std::int32_t to_i32(From value) {
  using Limits = std::numeric_limits<std::int32_t>;
  const auto exact = static_cast<double>(value);
  require(exact > Limits::min() - 1.0 && exact < Limits::max() + 1.0, "tensor: ", exact,
          " is not a number of i32");
  return static_cast<std::int32_t>(value);
}

template <class To, class From>
void copy_converted(To* to, const From* from, std::int64_t n) {
  std::transform(from, from + n, to, [](From value) { return static_cast<To>(value); });
}

template <class From>
void copy_converted(std::int32_t* to, const From* from, std::int64_t n) {
  std::transform(from, from + n, to, [](From value) { return to_i32(value); });
}

/// Calls body(pointer) with the values of `t` as their own type.
template <class Body>
decltype(auto) visit_values(const Tensor& t, Body&& body) {
  if (t.dtype() == DType::i32) return body(t.data<std::int32_t>());
  if (t.dtype() == DType::f64) return body(t.data<double>());
  return body(t.data<float>());
}

void copy_between(void* to, Device to_device, const void* from, Device from_device,
                  std::size_t bytes) {
  if (from_device == Device::cpu) {
    backend(to_device).copy_in(to, from, bytes);
  } else if (to_device == Device::cpu) {
    backend(from_device).copy_out(to, from, bytes);
  } else {
    backend(to_device).copy(to, from, bytes);
  }
}

template <class T>
Tensor copy_of(std::span<const T> values, const Shape& shape) {
  require(static_cast<std::int64_t>(values.size()) == shape.numel(), "tensor: ", values.size(),
          " values given for shape ", shape);
  Tensor t(shape, kDTypeOf<T>);
  std::copy(values.begin(), values.end(), t.mutable_data<T>());
  return t;
}

}  // namespace

Tensor::Tensor(const Shape& shape, DType dtype, Device device)
    : impl_(std::make_shared<Impl>(
          Impl{shape, dtype,
               std::make_shared<Storage>(static_cast<std::size_t>(shape.numel()) * size_of(dtype),
                                         device)})) {}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  Tensor t(shape, dtype, device);
  t.fill(0);
  return t;
}

Tensor Tensor::full(const Shape& shape, float value, Device device) {
  Tensor t(shape, DType::f32, device);
  t.fill(value);
  return t;
}

Tensor Tensor::from(std::span<const float> values, const Shape& shape) {
  return copy_of(values, shape);
}
Tensor Tensor::from(std::span<const std::int32_t> values, const Shape& shape) {
  return copy_of(values, shape);
}

Tensor Tensor::over(std::shared_ptr<const void> memory, const Shape& shape, DType dtype) {
  require(memory != nullptr, "tensor ", shape, ": there is no memory to read it from");
  auto storage = std::make_shared<Storage>(
      std::move(memory), static_cast<std::size_t>(shape.numel()) * size_of(dtype));
  return Tensor(std::make_shared<Impl>(Impl{shape, dtype, std::move(storage)}));
}

Tensor::Impl& Tensor::impl() const {
  require(impl_ != nullptr, "tensor: used before it was defined");
  return *impl_;
}

Storage& Tensor::storage() const { return *impl().storage; }
const Shape& Tensor::shape() const { return impl().shape; }
DType Tensor::dtype() const { return impl().dtype; }
Device Tensor::device() const { return storage().device(); }

const void* Tensor::read(DType dtype) const {
  require(impl().dtype == dtype, "tensor ", shape(), ": holds ", impl().dtype, ", read as ", dtype);
  return storage().data() + impl_->offset;
}

void* Tensor::write(DType dtype) const {
  require(impl().dtype == dtype, "tensor ", shape(), ": holds ", impl().dtype, ", written as ",
          dtype);
  require(!storage().borrowed(), "tensor ", shape(),
          ": its memory belongs to the caller and is read-only; clone() it to write");
  storage().written();
  return storage().data() + impl_->offset;
}

double Tensor::item() const {
  require(numel() == 1, "tensor: item() needs one element, this has shape ", shape());
  return visit_values(to(Device::cpu),
                      [](const auto* value) { return static_cast<double>(*value); });
}

Tensor Tensor::reshape(const Shape& shape) const {
  require(shape.numel() == numel(), "reshape: ", this->shape(), " has ", numel(), " elements, ",
          shape, " needs ", shape.numel());
  auto copy = std::make_shared<Impl>(impl());
  copy->shape = shape;
  copy->meta = nullptr;
  Tensor reshaped(std::move(copy));
  record("reshape", {*this}, {&reshaped}, [from = this->shape()](std::span<const Tensor> grads) {
    return std::vector<Tensor>{grads[0].reshape(from)};
  });
  if (grad_unused_at_zeros(*this)) set_grad_unused_at_zeros(reshaped);
  return reshaped;
}

Tensor Tensor::slice(std::int64_t first, std::int64_t count) const {
  // Without first + count, which may overflow.
  require(
      shape().rank() > 0 && first >= 0 && first <= dim(0) && count >= 0 && count <= dim(0) - first,
      "slice: ", count, " rows from row ", first, " on of a tensor ", shape());
  require(!needs_grad(*this), "slice: has no gradient; detach() the tensor, or use NoGrad");
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::copy(shape().begin(), shape().end(), dims.begin());
  const std::size_t row_bytes = dims[0] ? bytes() / static_cast<std::size_t>(dims[0]) : 0;
  dims[0] = count;
  auto copy = std::make_shared<Impl>(impl());
  copy->shape = Shape(std::span<const std::int64_t>(dims.data(), shape().rank()));
  copy->offset += static_cast<std::size_t>(first) * row_bytes;
  copy->mask = nullptr;
  copy->meta = nullptr;
  return Tensor(std::move(copy));
}

Tensor Tensor::detach() const {
  auto copy = std::make_shared<Impl>(impl());
  copy->meta = nullptr;
  return Tensor(std::move(copy));
}

Tensor Tensor::to(DType dtype) const {
  Tensor copy(shape(), dtype, device());
  if (dtype == this->dtype()) {
    copy.copy_from(*this);
  } else if (device() != Device::cpu) {  // for checks only: not worth a kernel
    copy.copy_from(to(Device::cpu).to(dtype));
  } else {
    visit_values(*this, [&](const auto* from) {
      if (dtype == DType::i32) copy_converted(copy.mutable_data<std::int32_t>(), from, numel());
      if (dtype == DType::f32) copy_converted(copy.mutable_data<float>(), from, numel());
      if (dtype == DType::f64) copy_converted(copy.mutable_data<double>(), from, numel());
    });
  }
  return copy;
}

Tensor Tensor::to(Device device) const {
  if (device == this->device()) return *this;
  Tensor copy(shape(), dtype(), device);
  copy.copy_from(*this);
  if (const auto mask = zero_mask()) copy.attach(mask->to(device));
  return copy;
}

void Tensor::move(Device device) const {
  if (device == this->device()) return;
  require(!meta() || !meta()->producer, "move: this was computed on the tape; detach() it first");
  const Tensor moved = to(device);
  impl().storage = moved.impl().storage;
  impl().offset = 0;
  impl().mask = moved.impl().mask;
  impl().mask_version = moved.impl().mask_version;
  zero_grad();
  if (meta()) meta()->device = device;
}

void Tensor::convert(DType dtype) const {
  require(!meta() || !meta()->producer,
          "convert: this was computed on the tape; detach() it first");
  const Tensor converted = to(dtype);
  impl().storage = converted.impl().storage;
  impl().offset = 0;
  impl().dtype = dtype;
  impl().mask = nullptr;
  zero_grad();
  if (meta()) meta()->dtype = dtype;
}

void Tensor::copy_from(const Tensor& source) const {
  require(shape() == source.shape() && dtype() == source.dtype(), "copy_from: expected ", dtype(),
          " ", shape(), ", got ", source.dtype(), " ", source.shape());
  copy_between(write(dtype()), device(), source.read(dtype()), source.device(), bytes());
}

void Tensor::fill(double value) const {
  const auto fill_with = [&](auto element) {
    backend(device()).fill(write(dtype()), static_cast<std::size_t>(numel()), &element,
                           sizeof element);
  };
  if (dtype() == DType::i32) fill_with(to_i32(value));
  if (dtype() == DType::f32) fill_with(static_cast<float>(value));
  if (dtype() == DType::f64) fill_with(value);
}

std::shared_ptr<const ZeroMask> Tensor::zero_mask() const {
  return impl().mask && impl_->mask_version == storage().version() ? impl_->mask : nullptr;
}

void Tensor::attach(std::shared_ptr<const ZeroMask> mask) const {
  require(mask->rows() * mask->channels() == numel(), "zero mask of ", mask->rows(), " rows and ",
          mask->channels(), " channels does not fit a tensor ", shape());
  if (storage().borrowed()) return;  // it may change at any time
  impl_->mask = std::move(mask);
  impl_->mask_version = storage().version();
}

std::string Tensor::derived_key(std::string_view key) const {
  // Asked for by every convolution: a stream would take longer than all else that it does.
  std::string own(key);
  for (const std::int64_t extent : shape()) own.append(" ").append(std::to_string(extent));
  return own.append(" at ").append(std::to_string(impl().offset));
}

std::int64_t Tensor::nonzeros() const {
  if (const auto mask = zero_mask()) return mask->nonzeros();
  const FlushDenormals as_every_operation;
  return visit_values(to(Device::cpu), [&](const auto* x) {
    return parallel_sum<std::int64_t>(numel(), [x](std::int64_t begin, std::int64_t end) {
      return std::count_if(x + begin, x + end, [](auto value) { return value != 0; });
    });
  });
}

double Tensor::density() const {
  return numel() ? static_cast<double>(nonzeros()) / static_cast<double>(numel()) : 0.0;
}

void Tensor::require_on_cpu(std::string_view function) const {
  require(device() == Device::cpu, "tensor ", shape(), ": ", function,
          "() needs it on the CPU, it is on ", device(), "; copy it with to(Device::cpu)");
}

std::shared_ptr<ZeroMask> ZeroMask::to(Device device) const {
  auto copy = std::make_shared<ZeroMask>(rows_, channels_, device);
  const auto bytes = static_cast<std::size_t>(rows_ * words_per_row()) * sizeof(std::uint64_t);
  copy_between(copy->words(), device, words(), this->device(), bytes);
  copy->set_nonzeros(nonzeros());
  if (device != Device::cpu) {
    backend(device).copy_in(copy->device_count(), &nonzeros_, sizeof nonzeros_);
  }
  return copy;
}

bool Tensor::unique() const {
  return impl_.use_count() == 1 && impl().storage.use_count() == 1 && !storage().borrowed();
}
bool Tensor::same_storage(const Tensor& other) const {
  return impl().storage == other.impl().storage;
}

const std::shared_ptr<autograd::Meta>& Tensor::meta() const { return impl().meta; }
void Tensor::set_meta(std::shared_ptr<autograd::Meta> meta) { impl().meta = std::move(meta); }

}  // namespace joule
