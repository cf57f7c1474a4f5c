// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace joule::fuzz {

/// A reader of what comes from outside.  read() gives it any bytes: it may refuse them, with the
/// error that it documents; whatever else it throws, and every fault that a sanitizer sees, ends
/// the program.  What it accepts must be what it seems: written and read again it is the same.
struct Reader {
  std::string_view name;
  void (*read)(std::string_view bytes);
  std::vector<std::string> (*seeds)();  // what mutations begin with
};

// Each in the file of its name; grammars, individuals, phenotypes and settings in genes.cpp, what a
// run has spent in metrics.cpp.
extern const Reader kCeleba, kCellRecords, kCheckpoint, kCifar, kConfig, kCostModel, kGrammar,
    kGraph, kGtsrb, kIdx, kIndividual, kJpeg, kJsonText, kLists, kMetrics, kNetpbm, kOnnx,
    kPhenotype, kPng, kReplay, kSafetensors, kSettings, kSpace, kSpent, kStream, kTuning, kWindows;

/// All of them.
std::vector<const Reader*> readers();

/// The path of a file in memory that holds these bytes, until the next call.
std::string file_in_memory(std::string_view bytes);

}  // namespace joule::fuzz
