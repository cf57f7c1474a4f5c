// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "joule/cli/options/option.h"
#include "joule/nas/network/skeleton.h"

namespace joule::cli {

/// The net around a cell: --channels, --cells, --stacks, and of a net without a data set --image
/// and
/// --classes.
struct SkeletonOptions {
  nas::Skeleton asked;
  std::string image = "32x32x3";

  void add_to(Command& command);
  void add_images_to(Command& command);
  /// Errors    ArgumentError as measure::parse_input() and check().
  nas::Skeleton skeleton() const;
};

}  // namespace joule::cli
