// SPDX-License-Identifier: MIT
#include <simt/matrix.h>

#include <array>
#include <cstring>

// A warp's tensor core: what the lanes bring is put together by the layouts of PTX when the last of
// them comes, and the result is taken apart by them.
namespace simt {
namespace {

constexpr int kLanes = 32, kRows = 16, kColumns = 8, kWords = 8;

float bf16_value(std::uint32_t bits) { return std::bit_cast<float>(bits << 16); }

/// A lane's registers of sums += a b.
struct Product {
  float* sums;
  const std::uint32_t *a, *b;
};

/// Row by row of a, column by column of b.
struct Words {
  std::array<std::array<std::uint32_t, kWords>, kRows> a;
  std::array<std::array<std::uint32_t, kWords>, kColumns> b;
};

const Product& product_of(std::uint64_t lane) { return *reinterpret_cast<const Product*>(lane); }

Words words_of(const std::uint64_t (&lanes)[kLanes]) {
  Words words;
  for (unsigned l = 0; l < kLanes; ++l) {
    const unsigned g = l / 4, t = l % 4;
    const Product& lane = product_of(lanes[l]);
    for (unsigned i = 0; i < 4; ++i) words.a[g + i % 2 * 8][t + i / 2 * 4] = lane.a[i];
    for (unsigned i = 0; i < 2; ++i) words.b[g][t + i * 4] = lane.b[i];
  }
  return words;
}

/// sum(a, b, start) for each of the sums, from the words of its row and of its column.
template <class Sum>
void for_each_sum(const std::uint64_t (&lanes)[kLanes], Sum&& sum) {
  const Words words = words_of(lanes);
  for (unsigned l = 0; l < kLanes; ++l) {
    for (unsigned i = 0; i < 4; ++i) {
      const unsigned row = l / 4 + i / 2 * 8, column = l % 4 * 2 + i % 2;
      float& to = product_of(lanes[l]).sums[i];
      to = sum(words.a[row], words.b[column], to);
    }
  }
}

// A product is exact in f32; the sums are in order, one of the ways in which a GPU may sum.
void multiply_tf32_together(const std::uint64_t (&lanes)[kLanes]) {
  for_each_sum(lanes, [](const auto& a, const auto& b, float sum) {
    for (int k = 0; k < kWords; ++k) sum += std::bit_cast<float>(a[k]) * std::bit_cast<float>(b[k]);
    return sum;
  });
}

void multiply_bf16_together(const std::uint64_t (&lanes)[kLanes]) {
  for_each_sum(lanes, [](const auto& a, const auto& b, float sum) {
    for (int k = 0; k < kWords; ++k) {
      sum += bf16_value(a[k] & 0xFFFF) * bf16_value(b[k] & 0xFFFF);
      sum += bf16_value(a[k] >> 16) * bf16_value(b[k] >> 16);
    }
    return sum;
  });
}

/// A lane's registers of a load, and the row that it names.
struct Load {
  std::uint32_t* to;
  const void* row;
};

const Load& load_of(std::uint64_t lane) { return *reinterpret_cast<const Load*>(lane); }

void load_together(const std::uint64_t (&lanes)[kLanes]) {
  for (unsigned l = 0; l < kLanes; ++l) {
    for (unsigned i = 0; i < 4; ++i) {
      const auto* const row = static_cast<const std::byte*>(load_of(lanes[i * 8 + l / 4]).row);
      std::memcpy(&load_of(lanes[l]).to[i], row + l % 4 * 4, 4);
    }
  }
}

void load_transposed_together(const std::uint64_t (&lanes)[kLanes]) {
  for (unsigned l = 0; l < kLanes; ++l) {
    for (unsigned i = 0; i < 4; ++i) {
      std::array<std::uint16_t, 2> halves;
      for (unsigned half = 0; half < 2; ++half) {
        const Load& lane = load_of(lanes[i * 8 + l % 4 * 2 + half]);
        std::memcpy(&halves[half], static_cast<const std::byte*>(lane.row) + l / 4 * 2, 2);
      }
      load_of(lanes[l]).to[i] = std::bit_cast<std::uint32_t>(halves);
    }
  }
}

template <class Registers>
void meet_all(Primitive primitive, const Registers& mine,
              void (*together)(const std::uint64_t (&)[kLanes]), Where where) {
  meet({.primitive = primitive,
        .mask = 0xFFFFFFFFu,
        .value = reinterpret_cast<std::uintptr_t>(&mine),
        .together = together},
       where);
}

void check_row(const void* row, Where where) {
  if (reinterpret_cast<std::uintptr_t>(row) % 16 != 0) {
    fault("the address of a row of ldmatrix is no multiple of 16 bytes", where);
  }
}

void check_tf32(std::uint32_t word, Where where) {
  if (!std::isnan(std::bit_cast<float>(word)) && word % 0x2000 != 0) {
    fault("an operand of mma.sync is not rounded to TF32", where);
  }
}

}  // namespace

void multiply_tf32(float (&sums)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                   Where where) {
  for (const std::uint32_t word : a) check_tf32(word, where);
  for (const std::uint32_t word : b) check_tf32(word, where);
  meet_all(Primitive::kMultiplyTf32, Product{sums, a, b}, multiply_tf32_together, where);
}

void multiply_bf16(float (&sums)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                   Where where) {
  meet_all(Primitive::kMultiplyBf16, Product{sums, a, b}, multiply_bf16_together, where);
}

void load_matrices(std::uint32_t (&to)[4], const void* row, Where where) {
  check_row(row, where);
  meet_all(Primitive::kLoadMatrices, Load{to, row}, load_together, where);
}

void load_transposed(std::uint32_t (&to)[4], const void* row, Where where) {
  check_row(row, where);
  meet_all(Primitive::kLoadTransposed, Load{to, row}, load_transposed_together, where);
}

}  // namespace simt
