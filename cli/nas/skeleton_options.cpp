// SPDX-License-Identifier: MIT
#include "joule/cli/nas/skeleton_options.h"

#include "joule/measure/image_size.h"

namespace joule::cli {

void SkeletonOptions::add_to(Command& command) {
  add_option(command, "--channels", asked.channels,
             "Channels of the stem and the first stack; each further stack doubles them")
      ->capture_default_str();
  add_option(command, "--cells", asked.cells, "Cells per stack")->capture_default_str();
  add_option(command, "--stacks", asked.stacks, "Stacks")->capture_default_str();
  add_option(
      command, "--norm-momentum", asked.norm_momentum,
      "Momentum of batch norm's running statistics; 0.1 suits trainings of hundreds of steps")
      ->capture_default_str();
  add_option(command, "--image", image, "Height, width and channels of the images")
      ->capture_default_str()
      ->type_name("HxWxC");
  add_option(command, "--classes", asked.classes, "Classes")->capture_default_str();
}

nas::Skeleton SkeletonOptions::skeleton() const {
  nas::Skeleton skeleton = asked;
  const auto [size, channels] = measure::parse_input(image);
  skeleton.height = size.h;
  skeleton.width = size.w;
  skeleton.colours = channels;
  check(skeleton);
  return skeleton;
}

}  // namespace joule::cli
