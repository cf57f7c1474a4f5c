// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <type_traits>

// The members of an aggregate, one by one.
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

}  // namespace joule::test
