// SPDX-License-Identifier: MIT
#include "joule/nas/cell/fingerprint.h"

#include <sys/types.h>  // md5.h needs it before

#include <md5.h>

#include <algorithm>
#include <bit>

#include "joule/core/error.h"

namespace joule::nas {
namespace {

using Digits = std::array<char, 32>;

constexpr std::string_view kHex = "0123456789abcdef";

Fingerprint md5(std::string_view text) {
  MD5_CTX state;
  MD5Init(&state);
  MD5Update(&state, reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  Fingerprint sum;
  MD5Final(sum.bytes.data(), &state);
  return sum;
}

Digits digits_of(const Fingerprint& fingerprint) {
  Digits digits;
  for (std::size_t i = 0; i < fingerprint.bytes.size(); ++i) {
    digits[2 * i] = kHex[fingerprint.bytes[i] >> 4];
    digits[2 * i + 1] = kHex[fingerprint.bytes[i] & 15];
  }
  return digits;
}

int label_of(const Cell& cell, int vertex) {
  if (vertex == 0) return -1;
  return vertex == cell.vertices() - 1 ? -2 : static_cast<int>(cell.op(vertex));
}

/// Appends those of the vertices in the mask, sorted.
void append_sorted(std::string& text, unsigned mask, std::span<const Digits> of) {
  std::array<const Digits*, Cell::kMostVertices> chosen;
  std::size_t n = 0;
  for (; mask != 0; mask &= mask - 1) {
    chosen[n++] = &of[static_cast<std::size_t>(std::countr_zero(mask))];
  }
  std::sort(chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(n),
            [](const Digits* a, const Digits* b) { return *a < *b; });
  for (std::size_t i = 0; i < n; ++i) text.append(chosen[i]->data(), chosen[i]->size());
}

Fingerprint fingerprint_of_pruned(const Cell& cell) {
  const auto n = static_cast<std::size_t>(cell.vertices());
  std::array<Digits, Cell::kMostVertices> now, next;
  std::array<unsigned, Cell::kMostVertices> in{}, out{};
  std::string text;
  for (std::size_t v = 0; v < n; ++v) {
    const int vertex = static_cast<int>(v);
    in[v] = cell.predecessors(vertex);
    out[v] = cell.successors(vertex);
    text = '(' + std::to_string(std::popcount(out[v])) + ", " +
           std::to_string(std::popcount(in[v])) + ", " + std::to_string(label_of(cell, vertex)) +
           ')';
    now[v] = digits_of(md5(text));
  }
  for (std::size_t round = 0; round < n; ++round) {
    for (std::size_t v = 0; v < n; ++v) {
      text.clear();
      append_sorted(text, in[v], now);
      text += '|';
      append_sorted(text, out[v], now);
      text += '|';
      text.append(now[v].data(), now[v].size());
      next[v] = digits_of(md5(text));
    }
    now = next;
  }
  std::sort(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(n));
  text = "[";
  for (std::size_t v = 0; v < n; ++v) {
    text += v == 0 ? "'" : ", '";
    text.append(now[v].data(), now[v].size());
    text += '\'';
  }
  return md5(text + ']');
}

int value_of(char digit) {
  const char lower = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit;
  const std::size_t at = kHex.find(lower);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string to_text(const Fingerprint& fingerprint) {
  const Digits digits = digits_of(fingerprint);
  return {digits.data(), digits.size()};
}

bool is_fingerprint(std::string_view text) {
  return text.size() == std::tuple_size_v<Digits> &&
         std::ranges::all_of(text, [](char c) { return value_of(c) >= 0; });
}

Fingerprint parse_fingerprint(std::string_view text) {
  require(is_fingerprint(text), "fingerprint: expected 32 hexadecimal digits, got '", text, "'");
  Fingerprint fingerprint;
  for (std::size_t i = 0; i < fingerprint.bytes.size(); ++i) {
    fingerprint.bytes[i] =
        static_cast<std::uint8_t>(value_of(text[2 * i]) << 4 | value_of(text[2 * i + 1]));
  }
  return fingerprint;
}

Fingerprint fingerprint(const Cell& cell) { return fingerprint_of_pruned(pruned(cell)); }

}  // namespace joule::nas
