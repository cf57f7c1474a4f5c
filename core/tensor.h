// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "joule/core/backend/memory.h"
#include "joule/core/device.h"
#include "joule/core/shape.h"
#include "joule/core/zero_mask.h"

namespace joule {

namespace autograd {
struct Meta;
}

/// A handle to contiguous storage with a shape.  Copying a Tensor copies the handle: both see the
/// same values.  Images are [batch, height, width, channels].
///
/// Constness is shallow, as with a pointer.  All writes go through mutable_data(), which
/// invalidates what was derived or Saved from the old contents; keep no pointer for later writes.
class Tensor {
 public:
  /// An undefined tensor: defined() is false.
  Tensor() = default;
  /// Uninitialised values.
  explicit Tensor(const Shape& shape, DType dtype = DType::f32, Device device = Device::cpu);
  static Tensor zeros(const Shape& shape, DType dtype = DType::f32, Device device = Device::cpu);
  static Tensor full(const Shape& shape, float value, Device device = Device::cpu);
  /// Copies `values`.  Errors: ArgumentError if their number is not shape.numel().
  static Tensor from(std::span<const float> values, const Shape& shape);
  static Tensor from(std::span<const std::int32_t> values, const Shape& shape);
  /// The values that `memory`, on the CPU, points to and keeps alive.  They are only read: writes
  /// are an ArgumentError, as is null.  Whoever owns them must not write between a forward pass
  /// and its backward().
  static Tensor over(std::shared_ptr<const void> memory, const Shape& shape, DType dtype);

  bool defined() const { return impl_ != nullptr; }
  explicit operator bool() const { return defined(); }
  const Shape& shape() const;
  std::int64_t dim(int i) const { return shape()[i]; }
  std::int64_t numel() const { return shape().numel(); }
  DType dtype() const;
  Device device() const;
  std::size_t bytes() const { return static_cast<std::size_t>(numel()) * size_of(dtype()); }

  /// A pointer into the memory of device().
  /// Errors    ArgumentError if T is not the tensor's dtype, or the tensor is undefined.
  template <class T>
  const T* data() const {
    return static_cast<const T*>(read(kDTypeOf<T>));
  }
  template <class T>
  T* mutable_data() const {
    return static_cast<T*>(write(kDTypeOf<T>));
  }
  /// The same pointers for any dtype, to copy bytes().
  const void* raw() const { return read(dtype()); }
  void* mutable_raw() const { return write(dtype()); }
  /// Errors    ArgumentError as data(), or if the tensor is not on the CPU: to(Device::cpu) first.
  template <class T>
  std::span<const T> values() const {
    require_on_cpu("values");
    return {data<T>(), static_cast<std::size_t>(numel())};
  }
  /// The value of a tensor of one element.  Waits for its device.
  double item() const;

  /// The same storage under another shape; differentiable.  ArgumentError if numel() differs.
  Tensor reshape(const Shape& shape) const;
  /// Rows [first, first+count) of the outermost dimension; shares the storage.
  /// Errors: ArgumentError if the rows do not exist, or a gradient would have to flow through.
  Tensor slice(std::int64_t first, std::int64_t count) const;
  /// The same storage, detached from autograd.
  Tensor detach() const;
  /// New storage with the same values, detached from autograd.
  Tensor clone() const { return to(dtype()); }
  /// A detached copy, converted to `dtype`.  Errors: ArgumentError if a value is not an i32.
  Tensor to(DType dtype) const;
  /// Converts this tensor and every copy of its handle to `dtype`.  Drops the gradient.
  /// Errors: ArgumentError if it was computed on the tape; so does move().
  void convert(DType dtype) const;
  /// This tensor if it is on `device`, otherwise a copy there, with the zero mask, detached from
  /// autograd.  Waits for the source device.
  Tensor to(Device device) const;
  /// Moves this tensor and every copy of its handle to `device`.  Drops the gradient.
  void move(Device device) const;
  /// Overwrites the values, on any device.  Errors: ArgumentError if shape or dtype differ.
  void copy_from(const Tensor& source) const;
  /// Errors: ArgumentError if the tensor is i32 and `value` does not fit.
  void fill(double value) const;

  /// How many times the storage has been written, through any tensor that shares it.
  std::uint64_t version() const { return storage().version(); }

  /// The mask left by the op that wrote the values; null without one, or if written since.
  std::shared_ptr<const ZeroMask> zero_mask() const;
  /// Declares that `mask` describes the present contents.
  void attach(std::shared_ptr<const ZeroMask> mask) const;
  /// The number of non-zero elements: from the mask if there is one, else counted (one pass).
  std::int64_t nonzeros() const;
  /// nonzeros() / numel().
  double density() const;

  /// A value made from the present contents (packed weights, say), cached until the next write.
  /// Other shapes and other slices of the storage have their own values.
  template <class T, class Make>
  std::shared_ptr<const T> derived(std::string_view key, Make&& make) const {
    const std::string own = derived_key(key);
    if (auto found = storage().derived(own)) return std::static_pointer_cast<const T>(found);
    std::shared_ptr<const T> made = make();
    storage().set_derived(own, made);
    return made;
  }

  /// Whether no other tensor holds this storage, and it is not borrowed.
  bool unique() const;
  bool same_storage(const Tensor& other) const;

  // Autograd: see core/autograd/autograd.h.
  bool requires_grad() const;
  Tensor& set_requires_grad(bool on = true);
  /// The gradient that backward() left in a leaf; undefined before.
  Tensor grad() const;
  /// Errors: ArgumentError if shape, dtype or device differ, or no gradient is required.
  void set_grad(const Tensor& grad) const;
  void zero_grad() const { set_grad(Tensor()); }
  /// Runs the tape from here and adds to the gradients of the leaves: to all or, if it throws, to
  /// none.  A tensor of more than one element needs `grad`, which is d(loss)/d(this).
  void backward(const Tensor& grad = Tensor()) const;
  const std::shared_ptr<autograd::Meta>& meta() const;
  void set_meta(std::shared_ptr<autograd::Meta> meta);

 private:
  struct Impl;
  explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  Impl& impl() const;
  Storage& storage() const;
  std::string derived_key(std::string_view key) const;
  void require_on_cpu(std::string_view function) const;
  const void* read(DType dtype) const;
  void* write(DType dtype) const;

  std::shared_ptr<Impl> impl_;
};

}  // namespace joule
