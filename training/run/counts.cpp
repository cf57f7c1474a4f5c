// SPDX-License-Identifier: MIT
#include "joule/training/run/counts.h"

#include <utility>

#include "joule/core/error.h"

namespace joule::training {
namespace {

void check_count(std::string_view what, std::int64_t count, std::int64_t most) {
  require(count >= 0 && count <= most, "'", what, "' cannot be ", count, ": expected 0 to ", most);
}

void check_counts(std::span<const energy::WindowSum> sums, std::int64_t most) {
  for (const energy::WindowSum& sum : sums) {
    check_count("ticks", sum.ticks, most);
    check_count("nanoseconds", sum.nanoseconds, most);
  }
}

}  // namespace

void check_counts(const energy::Totals& work, std::int64_t most) {
  const auto& [macs, bytes_read, bytes_written] = work.work;
  const Tally& t = work.tally;
  for (const auto& [what, count] : {std::pair<std::string_view, std::int64_t>{"calls", work.calls},
                                    {"macs", macs},
                                    {"bytes_read", bytes_read},
                                    {"bytes_written", bytes_written},
                                    {"values_in", t.values_in},
                                    {"nanoseconds", t.nanoseconds}}) {
    check_count(what, count, most);
  }
  check_count("values_in", t.values_in,
              (bytes_read + bytes_written) / 4);  // all of them were moved
  check_count("macs_skippable", t.macs_skippable, macs);
  check_count("macs_skipped", t.macs_skipped, t.macs_skippable);
  check_count("values_in_nonzero", t.values_in_nonzero, t.values_in);
}

void check_counts(const EpochEnergy& energy, std::int64_t most) {
  for (const PartEnergy* part : {&energy.training, &energy.validation, &energy.evaluation}) {
    check_counts(part->work, most);
    check_counts(part->measured, most);
  }
  check_counts(energy.laps, most);
}

}  // namespace joule::training
