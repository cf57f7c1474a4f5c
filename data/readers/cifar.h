// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string>

#include "joule/data/dataset.h"

namespace joule {

/// The record layout of CIFAR's binary files: `label_bytes` labels, of which the last one is used
/// (CIFAR-100: coarse, fine), then 32 x 32 red, green and blue values.
struct CifarFormat {
  int label_bytes;
  int classes;
  int max_records;  // per file: as many as the largest has
};
inline constexpr CifarFormat kCifar10{.label_bytes = 1, .classes = 10, .max_records = 10'000};
inline constexpr CifarFormat kCifar100{.label_bytes = 2, .classes = 100, .max_records = 50'000};

/// Reads the images of several files, in order; fills shape, pixels (as NHWC) and
/// labels.
///
/// Cost      memory grows with the bytes that arrive, up to max_records.
/// Errors    DataError as GzipReader, or (path, offset, what is wrong) for a truncated record, a
///           label out of range, or a file without a record or with more than max_records.
/// Source    Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images".
Dataset read_cifar(std::span<const std::string> paths, const CifarFormat& format);

}  // namespace joule
