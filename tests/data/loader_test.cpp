// SPDX-License-Identifier: MIT
#include "joule/data/loader.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "joule/core/backend/memory.h"
#include "joule/data/image_files.h"
#include "joule/data/synthetic.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/image_bytes.h"
#include "joule/tests/support/op_test.h"

namespace joule {
namespace {

using namespace test;

Dataset small_set(std::int64_t images = 50) {
  return make_synthetic({.train = images, .test = 1, .classes = 5, .size = {6, 7}, .channels = 3})
      .train;
}

std::vector<Transform> augmentation() { return {pad_and_crop(2), horizontal_flip(), rotation(15)}; }

std::vector<Batch> all_batches(const DataLoader& loader) {
  std::vector<Batch> batches;
  for (const Batch& batch : loader) batches.push_back(batch);
  return batches;
}

void expect_same(const std::vector<Batch>& actual, const std::vector<Batch>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    expect_same_bits(actual[i].images, expected[i].images);
    ASSERT_TRUE(std::ranges::equal(actual[i].labels.values<std::int32_t>(),
                                   expected[i].labels.values<std::int32_t>()));
  }
}

TEST(DataLoader, ShardsTogetherAreTheWholeBatches) {
  const Dataset set = small_set(53);  // the last batch has 5 images
  const LoaderOptions whole{.batch = 16, .transforms = augmentation()};
  DataLoader all(set, whole);
  all.set_epoch(2, 1);
  for (const std::int64_t of : {1, 2, 3, 5}) {
    std::vector<std::vector<Batch>> parts;
    for (std::int64_t index = 0; index < of; ++index) {
      LoaderOptions options = whole;
      options.shard = {.index = index, .of = of};
      DataLoader loader(set, options);
      EXPECT_EQ(loader.images_in(3), 5);
      loader.set_epoch(2, 1);
      parts.push_back(all_batches(loader));
    }
    std::size_t number = 0;
    for (const Batch& expected : all) {
      std::int64_t first = 0;
      for (const std::vector<Batch>& part : parts) {
        const Batch& batch = part[number];
        const std::int64_t count = batch.labels.numel();
        ASSERT_GE(count, expected.labels.numel() / of);
        expect_same({batch}, {{expected.images.slice(first, count).clone(),
                               expected.labels.slice(first, count).clone()}});
        first += count;
      }
      ASSERT_EQ(first, expected.labels.numel());
      ++number;
    }
    ASSERT_EQ(number, 3u);
  }
}

TEST(DataLoader, ABatchOfFewerImagesThanShardsIsRefused) {
  const auto error = [](const Shard& shard) {
    return error_of([&] { DataLoader(small_set(49), {.batch = 16, .shard = shard}); });
  };
  EXPECT_EQ(error({.index = 0, .of = 2}),
            "data loader: 2 share each batch, and the last one has 1 images: expected at least one "
            "for each; choose another batch size");
  EXPECT_EQ(error({.index = 2, .of = 2}), "data loader: there is no shard 2 of 2");
}

TEST(DataLoader, InOrderItGivesTheNormalisedImages) {
  const Dataset set = small_set();
  const DataLoader loader(set, {.batch = 16, .shuffle = false});
  EXPECT_EQ(loader.batches(), 4);
  std::int64_t i = 0;
  std::vector<std::int64_t> sizes;
  for (const Batch& batch : loader) {
    const std::int64_t count = batch.labels.numel();
    sizes.push_back(count);
    ASSERT_EQ(batch.images.shape(), (Shape{count, 6, 7, 3}));
    for (std::int64_t b = 0; b < count; ++b, ++i) {
      EXPECT_EQ(batch.labels.data<std::int32_t>()[b], set.labels[i]);
      for (std::int64_t p = 0; p < 6 * 7 * 3; ++p) {
        const double expected = (set.image(i)[p] / 255.0 - set.mean[p % 3]) / set.deviation[p % 3];
        // Four roundings, of values up to 1 before the division.
        ASSERT_NEAR(batch.images.data<float>()[b * 6 * 7 * 3 + p], expected,
                    gamma(4) / set.deviation[p % 3]);
      }
    }
  }
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{16, 16, 16, 2}));
}

TEST(DataLoader, DropLastLeavesTheSmallBatchOut) {
  const DataLoader loader(small_set(), {.batch = 16, .drop_last = true});
  EXPECT_EQ(loader.batches(), 3);
  EXPECT_EQ(all_batches(loader).size(), 3u);
}

TEST(DataLoader, EveryEpochHasEveryImageInItsOwnOrder) {
  Dataset set = small_set();
  set.class_names.resize(50);
  for (std::int32_t i = 0; i < 50; ++i) set.labels[i] = i;  // tells the images apart
  DataLoader loader(set, {.batch = 16});
  std::vector<std::vector<std::int32_t>> orders;
  for (std::int64_t epoch : {0, 1, 0}) {
    loader.set_epoch(epoch);
    EXPECT_EQ(loader.epoch(), epoch);
    std::vector<std::int32_t> order;
    for (const Batch& batch : loader) {
      const auto labels = batch.labels.values<std::int32_t>();
      order.insert(order.end(), labels.begin(), labels.end());
    }
    orders.push_back(order);
    std::ranges::sort(order);
    for (std::int32_t i = 0; i < 50; ++i) ASSERT_EQ(order[i], i);
  }
  EXPECT_NE(orders[0], orders[1]);
  EXPECT_EQ(orders[0], orders[2]);
}

TEST(DataLoader, SameBitsForAnyNumberOfWorkers) {
  const Dataset set = small_set(200);
  const auto batches_with = [&](int workers, int prefetch, std::int64_t epoch) {
    DataLoader loader(set, {.batch = 8,
                            .seed = 5,
                            .transforms = augmentation(),
                            .prefetch = prefetch,
                            .workers = workers});
    loader.set_epoch(epoch);
    return all_batches(loader);
  };
  const std::vector<Batch> expected = batches_with(0, 1, 3);
  EXPECT_EQ(expected.size(), 25u);
  for (const auto& [workers, prefetch] : {std::pair{1, 1}, {1, 2}, {3, 1}, {3, 8}, {2, 100}}) {
    SCOPED_TRACE(str(workers, " workers, prefetch ", prefetch));
    expect_same(batches_with(workers, prefetch, 3), expected);
  }
  const Batch other = batches_with(1, 2, 4).front();
  EXPECT_FALSE(
      std::ranges::equal(other.images.values<float>(), expected.front().images.values<float>()));
}

TEST(DataLoader, AugmentsAnImageAnewInEachEpoch) {
  DataLoader loader(small_set(), {.shuffle = false, .transforms = augmentation()});
  const Batch first = *loader.begin();
  loader.set_epoch(1);
  const Batch second = *loader.begin();
  EXPECT_TRUE(std::ranges::equal(first.labels.values<std::int32_t>(),
                                 second.labels.values<std::int32_t>()));
  EXPECT_FALSE(std::ranges::equal(first.images.values<float>(), second.images.values<float>()));
}

TEST(DataLoader, ResumesInTheMidstOfAnEpoch) {
  DataLoader loader(small_set(), {.batch = 8, .transforms = augmentation()});
  loader.set_epoch(2);
  const std::vector<Batch> whole = all_batches(loader);
  loader.set_epoch(2, 4);
  expect_same(all_batches(loader), {whole.begin() + 4, whole.end()});
  loader.set_epoch(2, loader.batches());
  EXPECT_TRUE(all_batches(loader).empty());
}

TEST(DataLoader, WhatAWorkerThrowsComesOutOfTheLoop) {
  const Transform fails_later = [](const Image& image, Generator&) {
    if (image.pixels[0] == 1.0f) throw ArgumentError("a transform failed");
  };
  Dataset set = small_set();
  auto pixels = *set.pixels;
  for (std::int64_t i = 0; i < 50; ++i) {
    pixels[static_cast<std::size_t>(i * 6 * 7 * 3)] = i == 20 ? 255 : 0;
  }
  set.pixels = std::make_shared<const std::vector<std::uint8_t>>(pixels);
  for (const int workers : {0, 1, 3}) {
    const DataLoader loader(
        set, {.batch = 8, .shuffle = false, .transforms = {fails_later}, .workers = workers});
    int batches = 0;
    EXPECT_EQ(error_of([&] {
                for ([[maybe_unused]] const Batch& batch : loader) ++batches;
              }),
              "a transform failed");
    EXPECT_EQ(batches, 2);
  }
}

TEST(DataLoader, LeavingTheLoopEarlyLeavesNothingBehind) {
  const DataLoader loader(small_set(400), {.batch = 4, .prefetch = 3, .workers = 2});
  const std::int64_t before = memory_stats().in_use;
  for (int stop_at = 1; stop_at < 30; ++stop_at) {
    int batches = 0;
    for ([[maybe_unused]] const Batch& batch : loader) {
      if (++batches == stop_at) break;
    }
  }
  EXPECT_EQ(memory_stats().in_use, before);
}

TEST(DataLoader, HoldsNoMoreThanThePrefetchedBatches) {
  const DataLoader loader(small_set(400), {.batch = 10, .prefetch = 3, .workers = 2});
  const Batch one = loader.make_batch(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const std::int64_t before = memory_stats().in_use;
  const Batch another = loader.make_batch(std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  const std::int64_t of_one = memory_stats().in_use - before;
  reset_peak_memory();
  const std::int64_t start = memory_stats().peak;
  for ([[maybe_unused]] const Batch& batch : loader) {
  }
  EXPECT_LE(memory_stats().peak - start, (3 + 1) * of_one);
}

TEST(DataLoader, MakesNoBatchBeyondThePrefetchedOnes) {
  std::atomic<int> images = 0;
  const Transform count = [&](const Image&, Generator&) { ++images; };
  const DataLoader loader(small_set(400),
                          {.batch = 10, .transforms = {count}, .prefetch = 3, .workers = 2});
  const DataLoader::Iterator first = loader.begin();
  while (images < 10 * (1 + 3)) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // in which a surplus would be made
  EXPECT_EQ(images, 10 * (1 + 3));
}

TEST(DataLoader, OutlivesTheDatasetItWasMadeFrom) {
  std::unique_ptr<DataLoader> loader;
  {
    const DataSplit split = make_synthetic({.train = 20, .test = 1});
    loader = std::make_unique<DataLoader>(split.train, LoaderOptions{.batch = 8});
  }
  EXPECT_EQ(all_batches(*loader).size(), 3u);
}

/// A data set of `count` files of noise, each of another size.
DataSplit image_files(const std::string& folder, int count, std::uint64_t cache_bytes) {
  for (int i = 0; i < count; ++i) {
    const auto width = static_cast<std::uint32_t>(9 + i % 5),
               height = static_cast<std::uint32_t>(8 + i % 3);
    const std::string pixels = counting_bytes(std::size_t{width} * height * 3, 3 * i);
    const std::string half = i < 2 ? "/test/" : "/train/";
    write(folder + half + (i % 2 ? "odd/" : "even/") + std::to_string(i),
          i % 3 ? ppm(width, height, pixels) : png_rgb(width, height, pixels));
  }
  return load_dataset(folder, {.size = 6, .cache_bytes = cache_bytes});
}

TEST(DataLoader, ImagesFromFilesAreTheSameForAnyThreadsAndCache) {
  const TemporaryFolder folder;
  constexpr int kImages = 62;
  constexpr std::uint64_t kBytes = 6 * 6 * 3;
  std::vector<Batch> expected;
  // No cache, one that holds a third of the training images, one that holds all.
  for (const std::uint64_t cache : {std::uint64_t{0}, 20 * kBytes, 1000 * kBytes}) {
    const Dataset set = image_files(folder.path().string(), kImages, cache).train;
    EXPECT_EQ(dynamic_cast<const ImageFiles&>(*set.source).cached_bytes(),
              std::min<std::uint64_t>(cache, (kImages - 2) * kBytes));
    for (const int workers : {0, 1, 4}) {
      const DataLoader loader(set, {.batch = 7, .transforms = augmentation(), .workers = workers});
      for (int epoch = 0; epoch < 2; ++epoch) {  // the second one from the cache
        const auto batches = all_batches(loader);
        if (expected.empty()) expected = batches;
        expect_same(batches, expected);
      }
    }
  }
}

TEST(DataLoader, WhatAFileThrowsComesOutAtItsBatch) {
  const TemporaryFolder folder;
  const Dataset set = image_files(folder.path().string(), 32, 0).train;
  const auto& files = dynamic_cast<const ImageFiles&>(*set.source);
  write(files.path(17), "no image any more");
  const DataLoader loader(set, {.batch = 8, .shuffle = false, .workers = 3});
  int good = 0;
  EXPECT_EQ(data_error_of([&] {
              for (const Batch& batch : loader) good += batch.images.defined();
            }),
            files.path(17) + ": no image that Joule reads, expected JPEG, PNG, PPM, PGM or PBM");
  EXPECT_EQ(good, 2);
}

TEST(DataLoader, ErrorsSayWhatWasExpected) {
  const Dataset set = small_set();
  EXPECT_EQ(error_of([&] { DataLoader(set, {.batch = 0}); }),
            "data loader: batch must be at least 1, got 0");
  EXPECT_EQ(error_of([&] { DataLoader(set, {.prefetch = 0}); }),
            "data loader: prefetch must be at least 1, got 0");
  EXPECT_EQ(error_of([&] { DataLoader(set, {.workers = -1}); }),
            "data loader: workers must not be negative, got -1");
  EXPECT_EQ(error_of([&] { DataLoader(set, {.batch = 51, .drop_last = true}); }),
            "data loader: drop_last leaves no batch: 50 images, batch 51");
  EXPECT_EQ(error_of([&] { DataLoader(Dataset{.name = "none"}); }),
            "dataset none: expected images of shape [N,H,W,C], got []");
  DataLoader loader(set, {.batch = 10});
  EXPECT_EQ(error_of([&] { loader.set_epoch(-1); }),
            "data loader: the epoch must not be negative, got -1");
  EXPECT_EQ(error_of([&] { loader.set_epoch(0, 6); }),
            "data loader: the first batch must lie in 0 to 5, got 6");
  EXPECT_EQ(error_of([&] { loader.make_batch(std::vector<std::int64_t>{50}); }),
            "data loader: image 50 of 50");
}

}  // namespace
}  // namespace joule
