// SPDX-License-Identifier: MIT
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <regex>

#include "joule/io/input_file.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/small_runs.h"
#include "joule/training/run/history.h"
#include "joule/training/run/run.h"

namespace joule::training {
namespace {

namespace fs = std::filesystem;
using namespace test;

/// Of what malloc gave; 0 where a sanitizer has its own.
std::size_t allocated() { return mallinfo2().uordblks; }

std::uintmax_t room_asked_for(const std::string& path, const Config& config) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{}, small{};
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 1000;
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string error = data_error_of([&] { run_in_folder(path, config, Existing::refuse); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::smatch bytes;
  EXPECT_TRUE(std::regex_search(error, bytes, std::regex("cannot take the (\\d+) bytes"))) << error;
  return bytes.empty() ? 0 : std::stoull(bytes[1]);
}

TEST(RunGrowth, MemoryAndCheckpointDoNotGrowWithTheEpochs) {
  const TemporaryFolder folder;
  const std::string path = folder / "run";
  const Config config = tiny_config(1000);
  const std::uintmax_t room = room_asked_for(path, config);
  EXPECT_FALSE(fs::exists(path));
  std::int64_t epoch = 0;
  std::map<std::int64_t, std::size_t> in_use;  // per 300 epochs the most
  std::map<std::int64_t, std::uintmax_t> checkpoint;
  std::string points;
  const auto look = [&](const RunEnergy& energy) {
    epoch = count_epochs(energy.epochs);
    std::size_t& most = in_use[epoch / 300];
    most = std::max(most, allocated());
    if (epoch % 300 == 0) checkpoint[epoch] = fs::file_size(path + "/checkpoint.safetensors");
    if (epoch == config.epochs) points = to_jsonl(energy.epochs);
  };
  const Hooks stops{.stop = [&] { return epoch == 450; }};
  EXPECT_FALSE(run_in_folder(path, config, Existing::refuse, stops, {}, look));
  EXPECT_EQ(epoch, 450);
  const auto result = run_in_folder(path, config, Existing::resume, {}, {}, look);
  ASSERT_TRUE(result);
  EXPECT_LT(in_use[2], in_use[1] + 16 * 1024) << "epochs 600 to 899, and 300 to 599";
  EXPECT_LT(checkpoint[900], checkpoint[300] + 1024);
  const std::string lines = read_file(path + "/metrics.jsonl");
  EXPECT_EQ(std::ranges::count(lines, '\n'), 1000);
  EXPECT_EQ(result->energy.epochs.size(), 1000u);
  EXPECT_TRUE(to_jsonl(thinned(parse_jsonl(lines))) == points) << "as the resumed run had them";
  std::uintmax_t written = 0;
  for (const auto& entry : fs::directory_iterator(path)) written += entry.file_size();
  EXPECT_LT(written, room);
}

}  // namespace
}  // namespace joule::training
