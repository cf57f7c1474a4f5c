// SPDX-License-Identifier: MIT
#include "joule/bench/contest.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <tuple>

#include "joule/bench/peer.h"
#include "joule/energy/ledger.h"
#include "joule/kernels/relu/relu.h"

namespace joule::bench {
namespace {

/// As if the values had just been written by the op that left the mask.
void renew(const Tensor& t) {
  const auto mask = t.zero_mask();
  t.mutable_data<float>();  // voids everything that was derived
  if (mask) t.attach(mask);
}

/// What may be rounded, and by which algorithms, is this thread's; all else as without options.
Context plain_context(std::string_view pinned = {}) {
  return {.force = pinned, .precision = context().precision, .algorithms = context().algorithms};
}

/// Joule's implementations of the operations of a pass, which run one after the other.
template <Operation... Ops>
class Implementations {
 public:
  explicit Implementations(const Ops&... ops) : ops_(ops...) {}

  void add_to(Contest& contest, const std::vector<Tensor>& results) const {
    std::apply([&](const auto&... op) { ((contest.work += op.work()), ...); }, ops_);
    add_chosen(contest, results);
    for (const std::string_view row : names()) {
      if (const std::string reason = unable(row); !reason.empty()) {
        contest.omitted.push_back({std::string(row), reason});
      } else {
        contest.contestants.push_back(contestant(row, results));
        contest.contestants.back().passed_over = not_chosen(row);
      }
    }
  }

 private:
  template <Operation Op>
  static const Implementation<Op>* find(std::string_view row) {
    for (const auto& implementation : Op::implementations()) {
      if (implementation.name == row) return &implementation;
    }
    return nullptr;
  }

  /// Every name that a table has for the operands' device, in the order of the tables.
  std::vector<std::string_view> names() const {
    const Device device = std::get<0>(ops_).device();
    std::vector<std::string_view> all;
    const auto add = [&]<class Op>() {
      for (const auto& row : Op::implementations()) {
        if (row.device != device) continue;
        if (std::find(all.begin(), all.end(), row.name) == all.end()) all.push_back(row.name);
      }
    };
    (add.template operator()<Ops>(), ...);
    return all;
  }

  /// Why the implementation of this name cannot run all the operations, or nothing.
  std::string unable(std::string_view row) const {
    if (row == kReference) return "the definition, not a kernel";
    return reasons(row, [](const auto& implementation, const auto& op) {
      return cannot_run(implementation, op, plain_context());
    });
  }

  /// Why Joule would not choose the implementation of this name for all the operations, or nothing.
  std::string not_chosen(std::string_view row) const {
    return reasons(row, [](const auto& implementation, const auto& op) {
      return joule::passed_over(implementation, op, plain_context());
    });
  }

  /// What `why` says against the implementation of this name, operation by operation.
  std::string reasons(std::string_view row, auto&& why) const {
    std::string all;
    const auto look = [&]<Operation Op>(const Op& op) {
      const auto* const implementation = find<Op>(row);
      const char* const reason =
          implementation ? why(*implementation, op) : "has no such implementation";
      if (reason) all += str(all.empty() ? "" : "; ", Op::kName, ": ", reason);
    };
    std::apply([&](const auto&... op) { (look(op), ...); }, ops_);
    return all;
  }

  /// An empty name: as Joule chooses.
  static std::function<void()> dispatching(const std::tuple<Ops...>& ops, std::string_view row) {
    return [ops, row] {
      Context ctx = plain_context(row);
      std::apply([&](const auto&... op) { (dispatch(op, ctx), ...); }, ops);
    };
  }

  Contestant contestant(std::string_view row, const std::vector<Tensor>& results) const {
    return {.name = std::string(row),
            .kind = Kind::row,
            .ran = std::string(row),
            .run = dispatching(ops_, row),
            .results = [results] { return results; },
            .count_macs =
                [ops = ops_, row] {
                  energy::Ledger ledger;
                  Context ctx = plain_context(row);
                  ctx.sink = &ledger;
                  std::apply([&](const auto&... op) { (dispatch(op, ctx), ...); }, ops);
                  const energy::Totals totals = ledger.total();
                  return totals.work.macs - totals.tally.macs_skipped;
                }};
  }

  /// Joule itself, unless an implementation is pinned that cannot run the tensors.
  void add_chosen(Contest& contest, const std::vector<Tensor>& results) const {
    constexpr const char* kName = "joule";
    try {
      Contestant chosen = contestant({}, results);
      std::apply(
          [&](const auto&... op) {
            ((chosen.ran += str(chosen.ran.empty() ? "" : ", ", select(op, plain_context()).name)),
             ...);
          },
          ops_);
      chosen.name = kName;
      chosen.kind = Kind::joule;
      contest.contestants.push_back(std::move(chosen));
    } catch (const ArgumentError& error) {
      contest.omitted.push_back({kName, error.what()});
    }
  }

  std::tuple<Ops...> ops_;
};

double seconds(const Turn& turn) {
  if (turn.prepare) turn.prepare();
  const auto start = std::chrono::steady_clock::now();
  turn.run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void add_rows(Pass pass, const ConvOperands& o, Contest& contest) {
  switch (pass) {
    case Pass::forward:
      return Implementations(o.forward()).add_to(contest, {o.y});
    case Pass::grad_weight:
      return Implementations(o.grad_weight_of()).add_to(contest, {o.grad_weight});
    case Pass::grad_input:
      return Implementations(o.grad_input()).add_to(contest, {o.grad_x});
    case Pass::grad_input_masked:
      return Implementations(o.grad_input_masked()).add_to(contest, {o.grad_x});
    case Pass::step:
      return Implementations(o.forward(), o.grad_weight_of(), o.grad_input())
          .add_to(contest, {o.y, o.grad_weight, o.grad_x});
  }
}

/// What of grad_x is wanted, and 0 elsewhere, where each may write what it likes.
Tensor only_wanted(const Tensor& grad_x, const Tensor& wanted) {
  const Tensor result(grad_x.shape());
  dispatch(ops::ReluGrad{.y = wanted, .grad_y = grad_x, .grad_x = result});
  return result;
}

}  // namespace

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::joule:
      return "joule";
    case Kind::row:
      return "row";
    case Kind::direct:
      return "direct";
    case Kind::automatic:
      break;
  }
  return "automatic";
}

Contest contest(Pass pass, const ConvOperands& operands) {
  Contest contest;
  add_rows(pass, operands, contest);
  for (Contestant& ours : contest.contestants) {
    ours.prepare = [x = operands.x, grad_y = operands.grad_y] {
      renew(x);
      renew(grad_y);
    };
  }
  for (Peer& peer : onednn_peers(pass, operands)) {
    contest.contestants.push_back({.name = std::move(peer.name),
                                   .kind = peer.direct ? Kind::direct : Kind::automatic,
                                   .ran = std::move(peer.kernel),
                                   .run = std::move(peer.run),
                                   .results = std::move(peer.results)});
  }
  if (pass == Pass::grad_input_masked) {
    for (Contestant& c : contest.contestants) {
      c.results = [grad_x = c.results, wanted = operands.wanted] {
        return std::vector{only_wanted(grad_x()[0], wanted)};
      };
    }
  }
  return contest;
}

std::vector<std::vector<double>> race(std::span<const Turn> turns, int rounds, Generator& generator,
                                      const std::function<void()>& before_round) {
  require(rounds >= 1, "--rounds: expected at least 1, got ", rounds);
  std::vector<std::vector<double>> times(turns.size());
  for (int round = 0; round < rounds; ++round) {
    if (before_round) before_round();
    for (const std::int64_t i : generator.permutation(std::ssize(turns))) {
      times[static_cast<std::size_t>(i)].push_back(seconds(turns[static_cast<std::size_t>(i)]));
    }
  }
  return times;
}

double relative_difference(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  require(a.size() == b.size(), "difference: ", a.size(), " tensors and ", b.size());
  double worst = 0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    require(a[t].shape() == b[t].shape(), "difference: ", a[t].shape(), " and ", b[t].shape());
    const auto left = a[t].values<float>(), right = b[t].values<float>();
    double difference = 0, largest = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (!std::isfinite(left[i]) || !std::isfinite(right[i])) {
        return std::numeric_limits<double>::infinity();
      }
      difference = std::max(difference, std::abs(double{left[i]} - double{right[i]}));
      largest = std::max(largest, std::abs(double{right[i]}));
    }
    if (difference > 0) worst = std::max(worst, difference / largest);
  }
  return worst;
}

}  // namespace joule::bench
