// SPDX-License-Identifier: MIT
#include "joule/core/backend/arena.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace joule {
namespace {

std::byte* at(std::vector<std::byte>& memory, std::size_t offset) { return &memory[offset]; }

TEST(Arena, TheSmallestPartThatIsLargeEnough) {
  std::vector<std::byte> memory(4096);
  Arena arena;
  EXPECT_EQ(arena.allocate(1), nullptr);
  arena.add(memory.data(), memory.size());
  std::byte* const first = arena.allocate(1000);   // 0 to 1024
  std::byte* const second = arena.allocate(1);     // to 1280
  std::byte* const third = arena.allocate(256);    // to 1536
  std::byte* const fourth = arena.allocate(2000);  // to 3584, and 512 are left
  EXPECT_EQ(first, at(memory, 0));
  EXPECT_EQ(second, at(memory, 1024));
  EXPECT_EQ(third, at(memory, 1280));
  EXPECT_EQ(fourth, at(memory, 1536));
  arena.free(first);
  arena.free(third);
  EXPECT_EQ(arena.allocate(257), at(memory, 3584)) << "512 are closer than 1024";
  EXPECT_EQ(arena.allocate(200), third);
  EXPECT_EQ(arena.allocate(1025), nullptr);
  EXPECT_EQ(arena.allocate(1024), first);
}

TEST(Arena, PartsThatTouchBecomeOne) {
  for (const std::vector<int>& order : {std::vector{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}}) {
    std::vector<std::byte> memory(768);
    Arena arena;
    arena.add(memory.data(), memory.size());
    std::vector<std::byte*> blocks;
    for (int i = 0; i < 3; ++i) blocks.push_back(arena.allocate(256));
    EXPECT_FALSE(arena.unused());
    for (const int i : order) arena.free(blocks[static_cast<std::size_t>(i)]);
    EXPECT_TRUE(arena.unused());
    EXPECT_EQ(arena.allocate(768), memory.data());
  }
}

TEST(Arena, NoBlockLiesInTwoChunks) {
  std::vector<std::byte> memory(1024);  // two chunks of it, side by side
  for (const bool second_first : {false, true}) {
    Arena arena;
    arena.add(at(memory, second_first ? 512 : 0), 512);
    arena.add(at(memory, second_first ? 0 : 512), 512);
    EXPECT_EQ(arena.allocate(513), nullptr);
    std::byte* const a = arena.allocate(512);
    std::byte* const b = arena.allocate(512);
    arena.free(a);
    arena.free(b);
    EXPECT_EQ(arena.allocate(513), nullptr);
    EXPECT_NE(arena.allocate(512), nullptr);
    EXPECT_NE(arena.allocate(512), nullptr);
    EXPECT_EQ(arena.chunks().size(), 2u);
  }
}

TEST(Arena, KnowsWhatIsItsOwn) {
  std::vector<std::byte> memory(1024);
  Arena arena;
  arena.add(at(memory, 256), 512);
  EXPECT_FALSE(arena.owns(at(memory, 255)));
  EXPECT_TRUE(arena.owns(at(memory, 256)));
  EXPECT_TRUE(arena.owns(at(memory, 767)));
  EXPECT_FALSE(arena.owns(at(memory, 768)));
}

TEST(Arena, BlocksNeverOverlapAndAllComesBack) {
  std::vector<std::byte> memory(1 << 16);
  Arena arena;
  arena.add(memory.data(), memory.size() / 2);
  arena.add(memory.data() + memory.size() / 2, memory.size() / 2);
  std::mt19937 random(1);
  std::map<std::byte*, std::size_t> used;
  for (int i = 0; i < 5000; ++i) {
    if (random() % 2 == 0 && !used.empty()) {
      const auto victim = std::next(used.begin(), random() % used.size());
      arena.free(victim->first);
      used.erase(victim);
      continue;
    }
    const std::size_t bytes = 1 + random() % 6000;
    std::byte* const block = arena.allocate(bytes);
    if (!block) continue;
    EXPECT_EQ((block - memory.data()) % 256, 0);
    const auto after = used.lower_bound(block);
    if (after != used.end()) {
      ASSERT_LE(block + bytes, after->first);
    }
    if (after != used.begin()) {
      ASSERT_LE(std::prev(after)->first + std::prev(after)->second, block);
    }
    used.emplace(block, bytes);
  }
  for (const auto& [block, bytes] : used) arena.free(block);
  EXPECT_TRUE(arena.unused());
  EXPECT_NE(arena.allocate(memory.size() / 2), nullptr);
  EXPECT_NE(arena.allocate(memory.size() / 2), nullptr);
}

}  // namespace
}  // namespace joule
