// SPDX-License-Identifier: MIT
#include "joule/training/parallel/same_run.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "joule/core/error.h"
#include "joule/core/version.h"
#include "joule/training/parallel/over_ranks.h"

namespace joule::training {
namespace {

/// FNV-1a on words of 8 bytes: tells apart what differs by accident.
/// Source    Fowler, Noll, Vo; draft-eastlake-fnv.
class Fingerprint {
 public:
  void add(std::span<const std::byte> bytes) {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
      add(word);
    }
    add(std::uint64_t{bytes.size()});
  }
  void add(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x100000001B3;
    hash_ ^= hash_ >> 32;  // so that the upper bits reach the lower ones, too
  }
  template <class T>
  void add_values(std::span<const T> values) {
    add(std::as_bytes(values));
  }
  void add_text(std::string_view text) { add_values(std::span(text.data(), text.size())); }

  std::string text() const {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hash_, 16).ptr;
    return {digits.data(), end};
  }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325;
};

void add_images(Fingerprint& to, const Dataset& images) {
  const auto bytes = static_cast<std::size_t>(images.image_shape().numel());
  const std::int64_t step =
      images.source ? std::max<std::int64_t>(1, images.size() / kComparedImages) : 1;
  std::vector<std::uint8_t> room = images.room();
  for (std::int64_t i = 0; i < images.size(); i += step) {
    if (images.values) {
      to.add_values(images.image_values(i));
    } else {
      to.add_values(std::span(images.image(i, room), bytes));
    }
  }
}

std::string fingerprint_of(const Dataset& images) {
  Fingerprint all;
  all.add_text(images.name);
  all.add_text(str(images.shape));
  all.add_values(std::span(std::as_const(images.labels)));
  for (const std::string& name : images.class_names) all.add_text(name);
  all.add_values(std::span(std::as_const(images.mean)));
  all.add_values(std::span(std::as_const(images.deviation)));
  add_images(all, images);
  return str(images.name, " ", images.shape, " with the fingerprint ", all.text());
}

}  // namespace

void require_same_configuration(parallel::Communicator& ranks, const Config& config) {
  if (ranks.size() == 1) return;
  require_equal(ranks, "version of Joule", std::string(version()));
  const std::vector<std::string> configs = ranks.gather(to_json(config));
  const std::vector<std::string> hosts = ranks.gather(ranks.host());
  const Config first = parse_config(configs[0], "rank 0");
  for (std::size_t rank = 1; rank < configs.size(); ++rank) {
    const std::string different =
        differences(first, parse_config(configs[rank], str("rank ", rank)));
    require(different.empty(), "rank ", rank, " on ", hosts[rank],
            " has another configuration than rank 0 on ", hosts[0], ": ", different);
  }
}

void require_same_data(parallel::Communicator& ranks, const DataSplit& data) {
  if (ranks.size() == 1) return;
  require_equal(ranks, "set of training images", fingerprint_of(data.train));
  require_equal(ranks, "set of test images", fingerprint_of(data.test));
}

void require_same_state(parallel::Communicator& ranks, const State& state) {
  if (ranks.size() == 1) return;
  Fingerprint all;
  for (const auto& [name, tensor] : state.tensors) {
    all.add_text(name);
    const Tensor here = tensor.to(Device::cpu);
    all.add(std::span(static_cast<const std::byte*>(here.raw()), here.bytes()));
  }
  all.add_text(state.values.at("position"));
  all.add_text(state.values.at("random"));
  require_equal(
      ranks, "state to go on from",
      str("(epoch, step) ", state.values.at("position"), " with the fingerprint ", all.text()));
}

}  // namespace joule::training
