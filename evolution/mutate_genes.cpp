// SPDX-License-Identifier: MIT
//
// The change of one codon, as DSGE and its descendants do it.
#include <algorithm>

#include "joule/core/error.h"
#include "joule/evolution/operators.h"

namespace joule::evolution {
namespace {

constexpr double kDeviation = 0.15;  // of a gaussian mutation, in the float's own unit

/// The alternatives that say something else than the current one; each once.
std::vector<std::int64_t> others(const Production& production, std::int64_t current) {
  const auto& all = production.alternatives;
  std::vector<std::int64_t> other;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool same = all[i] == all.at(static_cast<std::size_t>(current));
    if (!same &&
        std::find(all.begin(), all.end(), all[i]) == all.begin() + static_cast<std::ptrdiff_t>(i)) {
      other.push_back(static_cast<std::int64_t>(i));
    }
  }
  return other;
}

std::vector<double> gaussian(const NumberRule& rule, std::vector<double> numbers,
                             const Bounds& bounds, Draws& draws) {
  const auto [least, most] = bounds_of(rule, bounds);
  for (double& number : numbers) {
    number = std::clamp(number + kDeviation * draws.normal(), least, most);
  }
  return numbers;
}

std::vector<double> another(const NumberRule& rule, const std::vector<double>& current,
                            const Bounds& bounds, Draws& draws) {
  std::vector<double> drawn = current;
  while (drawn == current) drawn = draw_numbers(rule, bounds, draws);
  return drawn;
}

/// A codon's numbers that may become others.
struct Changeable {
  const NumberRule* rule;
  std::vector<double>* numbers;
};

std::vector<Changeable> changeable(const Alternative& alternative, Codon& codon,
                                   const Bounds& bounds) {
  std::vector<Changeable> all;
  std::size_t number = 0;
  for (const Symbol& symbol : alternative) {
    if (symbol.kind != Symbol::Kind::number) continue;
    std::vector<double>& numbers = codon.numbers.at(number++);
    const auto [least, most] = bounds_of(symbol.number, bounds);
    if (least < most) all.push_back({&symbol.number, &numbers});
  }
  return all;
}

}  // namespace

bool mutate_genes(Genes& genes, const Grammar& grammar, FloatMutation floats, const Bounds& bounds,
                  Draws& draws) {
  require(!genes.empty(), "genes: there is none to mutate");
  auto gene = genes.begin();
  std::advance(gene, static_cast<std::ptrdiff_t>(draws.below(genes.size())));
  Codon& codon = gene->second.at(draws.below(gene->second.size()));
  const Production& production = grammar.production(gene->first);
  const Alternative& alternative =
      production.alternatives.at(static_cast<std::size_t>(codon.alternative));
  const std::vector<std::int64_t> other = others(production, codon.alternative);
  const std::vector<Changeable> numbers = changeable(alternative, codon, bounds);
  if (other.empty() && numbers.empty()) return false;
  const bool number = !numbers.empty() && (other.empty() || draws.below(3) < 2);
  if (!number) {
    codon = {.alternative = other[draws.below(other.size())]};
    return true;
  }
  const Changeable& chosen = numbers[draws.below(numbers.size())];
  const bool real = chosen.rule->type == NumberType::real;
  if (floats == FloatMutation::redraw) {
    *chosen.numbers = another(*chosen.rule, *chosen.numbers, bounds, draws);
  } else if (real) {
    *chosen.numbers = gaussian(*chosen.rule, *chosen.numbers, bounds, draws);
  } else {
    *chosen.numbers = draw_numbers(*chosen.rule, bounds, draws);
  }
  return true;
}

}  // namespace joule::evolution
