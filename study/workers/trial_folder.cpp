// SPDX-License-Identifier: MIT
#include "joule/study/workers/trial_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "joule/core/error.h"

namespace joule::study {
namespace {

namespace fs = std::filesystem;

std::string lock_of(const std::string& folder) { return folder + ".lock"; }

void make_folders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw DataError(str(path, ": cannot make this folder: ", error.message()));
}

/// None if another process has it.
std::unique_ptr<Descriptor> lock(const std::string& folder) {
  const std::string path = lock_of(folder);
  auto file =
      std::make_unique<Descriptor>(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (file->get() < 0) throw DataError(str(path, ": cannot be written: ", std::strerror(errno)));
  if (::flock(file->get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno == EWOULDBLOCK) return nullptr;
  throw DataError(str(path, ": cannot be locked: ", std::strerror(errno)));
}

}  // namespace

void TrialFolder::close(State state) {
  std::error_code error;
  if (!keep_ && state != State::failed) {
    fs::remove_all(path_, error);
    if (error) throw DataError(str(path_, ": cannot be removed: ", error.message()));
  }
  fs::remove(lock_of(path_), error);
  lock_.reset();
}

TrialFolders::TrialFolders(const std::string& folder, bool keep_runs)
    : temporary_(folder.empty()), keep_(keep_runs) {
  require(!keep_runs || !temporary_, "runs are kept in the folder of the study, and it has none");
  if (!temporary_) {
    root_ = folder + "/trials";
    make_folders(root_);
    return;
  }
  root_ = (fs::temp_directory_path() / "joule-trials-XXXXXX").string();
  if (!::mkdtemp(root_.data())) {
    throw DataError(str(root_, ": cannot make this folder: ", std::strerror(errno)));
  }
}

TrialFolders::~TrialFolders() {
  std::error_code ignored;
  if (temporary_) fs::remove_all(root_, ignored);
}

TrialFolder TrialFolders::open(const Trial& trial) const {
  const std::string first = fmt::format("{}/{:06}", root_, trial.number);
  for (const std::string& path : {first, fmt::format("{}-{}", first, trial.token)}) {
    if (auto held = lock(path)) {
      make_folders(path);
      return {path, std::move(held), keep_};
    }
  }
  throw DataError(first + ": other processes run this trial");
}

}  // namespace joule::study
