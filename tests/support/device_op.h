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

// How the tests of an operation, which hold their tensors on the CPU, run the rows of its table
// that are for another device: on a copy of the operation whose tensors lie there.
namespace joule::test {

/// Converts to anything: how many of them initialise an aggregate is how many members it has.
struct Anything {
  template <class T>
  operator T() const;
};

template <class Aggregate, class... Members>
constexpr std::size_t member_count() {
  if constexpr (requires { Aggregate{Members{}..., Anything{}}; }) {
    return member_count<Aggregate, Members..., Anything>();
  } else {
    return sizeof...(Members);
  }
}

/// body(member) for each member of an operation.
template <class Op, class Body>
void for_each_member(Op& op, Body&& body) {
  constexpr std::size_t kCount = member_count<std::remove_const_t<Op>>();
  const auto each = [&](auto&... members) { (body(members), ...); };
  if constexpr (kCount == 2) {
    auto& [a, b] = op;
    each(a, b);
  } else if constexpr (kCount == 3) {
    auto& [a, b, c] = op;
    each(a, b, c);
  } else if constexpr (kCount == 4) {
    auto& [a, b, c, d] = op;
    each(a, b, c, d);
  } else if constexpr (kCount == 5) {
    auto& [a, b, c, d, e] = op;
    each(a, b, c, d, e);
  } else if constexpr (kCount == 6) {
    auto& [a, b, c, d, e, f] = op;
    each(a, b, c, d, e, f);
  } else if constexpr (kCount == 7) {
    auto& [a, b, c, d, e, f, g] = op;
    each(a, b, c, d, e, f, g);
  } else if constexpr (kCount == 8) {
    auto& [a, b, c, d, e, f, g, h] = op;
    each(a, b, c, d, e, f, g, h);
  } else if constexpr (kCount == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = op;
    each(a, b, c, d, e, f, g, h, i);
  } else if constexpr (kCount == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = op;
    each(a, b, c, d, e, f, g, h, i, j);
  } else if constexpr (kCount == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = op;
    each(a, b, c, d, e, f, g, h, i, j, k);
  } else if constexpr (kCount == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = op;
    each(a, b, c, d, e, f, g, h, i, j, k, l);
  } else if constexpr (kCount == 13) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = op;
    each(a, b, c, d, e, f, g, h, i, j, k, l, m);
  } else {
    static_assert(kCount == 17, "an operation of more members: name them here");
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = op;
    each(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q);
  }
}

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
