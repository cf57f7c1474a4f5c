// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "joule/cli/checksum.h"
#include "joule/cli/commands.h"
#include "joule/cli/options/option.h"
#include "joule/core/threads.h"
#include "joule/data/catalog.h"

namespace joule::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExamples = R"(Examples:
  joule data check fashion-mnist
      where it is, what is in it, and whether its files are those that were
      published
  joule data check photos
      the same of a folder: every image is read, and those that cannot be are
      named)";

/// Prints what is found, and counts what is wrong.
class Check {
 public:
  explicit Check(const std::string& name_or_path) {
    require(name_or_path != "synthetic", "synthetic: it is made, there are no files to check");
    place_ = find_dataset(name_or_path, "");
  }

  int run() {
    const DataSplit split =
        load_dataset(place_.folder.string(), {.cache_bytes = 0, .normalization = false});
    fmt::print("{} in {}\n", split.train.name, place_.folder.string());
    describe("train", split.train);
    describe("test", split.test);
    count_classes(split);
    if (place_.entry) {
      compare_counts(split);
      for (const PublishedFile& file : place_.entry->publication.files) compare(file);
    } else {
      fmt::print("  a data set of one's own: there are no published check sums of it\n");
    }
    read_all("train", split.train);
    read_all("test", split.test);
    if (wrong_.empty()) return 0;
    const std::size_t more = wrong_.size() - 1;
    throw DataError(wrong_.front() + (more ? str(" (and ", more, " more faults)") : ""));
  }

 private:
  static void describe(const char* half, const Dataset& set) {
    fmt::print("  {:<6} {} images of {}x{}x{}{}\n", half, set.size(), set.shape[1], set.shape[2],
               set.shape[3],
               set.fit ? fmt::format(" (the files have any size; {})", name(*set.fit)) : "");
  }

  static void count_classes(const DataSplit& split) {
    fmt::print("  {} classes, images of each in train and test:\n", split.train.classes());
    for (std::int64_t k = 0; k < split.train.classes(); ++k) {
      const auto label = static_cast<std::int32_t>(k);
      fmt::print("    {:>3} {:<24} {:>7} {:>7}\n", k,
                 split.train.class_names[static_cast<std::size_t>(k)],
                 std::ranges::count(split.train.labels, label),
                 std::ranges::count(split.test.labels, label));
    }
  }

  void fault(const std::string& text) {
    fmt::print("  FAULT  {}\n", text);
    wrong_.push_back(text);
  }

  void compare_counts(const DataSplit& split) {
    const Publication& published = place_.entry->publication;
    if (split.train.size() == published.train && split.test.size() == published.test) return;
    fault(str(place_.folder.string(), ": ", split.train.size(), " training and ", split.test.size(),
              " test images, published ", published.train, " and ", published.test));
  }

  /// A file that was fetched, here or beside what it unpacked to.
  fs::path find(std::string_view name) const {
    std::error_code none;
    for (const char* const below : {"", "Anno", "Eval", "Img", ".."}) {
      const fs::path path = place_.folder / below / name;
      if (fs::is_regular_file(path, none)) return path.lexically_normal();
    }
    return {};
  }

  void compare(const PublishedFile& file) {
    const bool gzipped = !file.unpacked_md5.empty();
    std::string_view name = file.name;
    if (gzipped) name.remove_suffix(std::string_view(".gz").size());
    const fs::path path = gzipped ? fs::path(find_file(place_.folder, name)) : find(name);
    if (path.empty()) {
      fmt::print("  {}: not here, its check sum was not compared\n", file.name);
    } else if (!gzipped && file.md5.empty()) {
      fmt::print("  {}: no check sum of it is known\n", path.string());
    } else {
      const std::string found = md5_of(path.string(), gzipped);
      const std::string_view expected = gzipped ? file.unpacked_md5 : file.md5;
      if (found != expected) {
        fault(str(path.string(), ": md5 ", gzipped ? "of what is in it " : "", found, ", expected ",
                  expected));
      } else {
        fmt::print("  {}: md5 {}, as published\n", path.string(), found);
      }
    }
  }

  void read_all(const char* half, const Dataset& set) {
    if (!set.source) return;  // it was read
    std::map<std::int64_t, std::string> failed;
    std::mutex mutex;
    parallel_for(set.size(), 16, [&](std::int64_t begin, std::int64_t end) {
      std::vector<std::uint8_t> room = set.room();
      for (std::int64_t i = begin; i < end; ++i) {
        try {
          set.image(i, room);
        } catch (const DataError& error) {
          const std::lock_guard lock(mutex);
          failed.emplace(i, error.what());
        }
      }
    });
    for (const auto& [image, why] : failed) fault(why);
    fmt::print("  {:<6} {} of {} images can be read\n", half, set.size() - std::ssize(failed),
               set.size());
  }

  Place place_;
  std::vector<std::string> wrong_;
};

}  // namespace

void add_data(Command& app, Run& run) {
  Command* const command = app.add_subcommand("data", "Look at a data set");
  command->footer(kExamples);
  command->require_subcommand();
  Command* const check = command->add_subcommand(
      "check", "Find a data set, read all of it, and compare it with the published checksums");
  const auto what = std::make_shared<std::string>();
  add_option(*check, "set", *what, "Name of a data set, or a folder")
      ->required()
      ->type_name("NAME|DIR");
  check->callback([what, &run] { run = [what] { return Check(*what).run(); }; });
}

}  // namespace joule::cli
