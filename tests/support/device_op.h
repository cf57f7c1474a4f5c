// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "joule/core/backend/backend.h"
#include "joule/core/op.h"
#include "joule/core/tensor.h"
#include "joule/tests/support/members.h"

// How the tests of an operation, which hold their tensors on the CPU, run the rows of its table
// that are for another device: on a copy of the operation whose tensors lie there.
namespace joule::test {

/// body(tensor) for each tensor of an operation, those in a vector included.
template <class Op, class Body>
void for_each_tensor(Op& op, Body&& body) {
  for_each_member(op, [&]<class Member>(Member& member) {
    if constexpr (std::is_same_v<std::remove_const_t<Member>, Tensor>) {
      if (member) body(member);
    } else if constexpr (std::is_same_v<std::remove_const_t<Member>, std::vector<Tensor>>) {
      for (auto& tensor : member) body(tensor);
    }
  });
}

/// body(mask) for each mask that is a member of its own.
template <class Op, class Body>
void for_each_mask(Op& op, Body&& body) {
  for_each_member(op, [&]<class Member>(Member& member) {
    if constexpr (std::is_same_v<Member, std::shared_ptr<const ZeroMask>>) {
      if (member) body(member);
    }
  });
}

/// A copy on `device`, `offset` elements behind the beginning of its storage.
inline Tensor copy_at(const Tensor& host, Device device, std::int64_t offset) {
  const Tensor whole(Shape{host.numel() + offset}, host.dtype(), device);
  const Tensor copy = whole.slice(offset, host.numel()).reshape(host.shape());
  copy.copy_from(host);
  if (const auto mask = host.zero_mask()) copy.attach(mask->to(device));
  return copy;
}

/// While it lives, every second tensor that OnDevice copies lies at an address that is a multiple
/// of its elements' size and of nothing more, as slices do; the next time it is the others.
class OddAddresses {
 public:
  OddAddresses() { odd = ++turn % 2; }
  ~OddAddresses() { odd = -1; }
  OddAddresses(const OddAddresses&) = delete;
  OddAddresses& operator=(const OddAddresses&) = delete;

  /// Of an operation's tensor number `index`, in elements.
  static std::int64_t offset(std::size_t index) { return static_cast<int>(index % 2) == odd; }

 private:
  static inline int turn = 0, odd = -1;
};

/// An operation with its tensors on another device; those that share storage still do.
template <class Op>
class OnDevice {
 public:
  OnDevice(const Op& op, Device device) : op_(op) {
    for_each_tensor(op_, [&](Tensor& tensor) {
      const Tensor host = tensor;
      for (const auto& [earlier, moved] : pairs_) {
        if (earlier.same_storage(host)) tensor = moved.detach().reshape(host.shape());
      }
      if (tensor.same_storage(host)) {
        tensor = copy_at(host.detach(), device, OddAddresses::offset(pairs_.size()));
      }
      pairs_.emplace_back(host, tensor);
    });
    for_each_mask(op_, [&](auto& mask) { mask = mask->to(device); });
  }
  const Op& operator*() const { return op_; }

  /// Copies the values and the masks of all tensors back to where they came from.
  void copy_back() const {
    for (const auto& [host, moved] : pairs_) host.copy_from(moved);
    for (const auto& [host, moved] : pairs_) {
      if (const auto mask = moved.zero_mask()) host.attach(mask->to(host.device()));
    }
  }

 private:
  Op op_;
  std::vector<std::pair<Tensor, Tensor>> pairs_;  // on the host, on the device
};

}  // namespace joule::test
