// SPDX-License-Identifier: MIT
//
// image_peer FILE [FIT HxW]: writes the image as Joule reads it, or puts it into a frame, to
// standard output as PPM or PGM.
#include <cstdio>
#include <exception>
#include <string>

#include "joule/core/error.h"
#include "joule/data/image/read_image.h"
#include "joule/data/image/resize.h"

int main(int argc, char** argv) {
  try {
    joule::Bitmap image = joule::read_image(argv[1]);
    if (argc == 4) {
      const std::string size = argv[3];
      const joule::Size2 wanted{std::stoll(size), std::stoll(size.substr(size.find('x') + 1))};
      joule::Bitmap to{.height = wanted.h, .width = wanted.w, .channels = image.channels};
      to.pixels.resize(static_cast<std::size_t>(to.height * to.width * to.channels));
      joule::frame(image, {}, {.size = wanted, .fit = joule::fit_of(argv[2]).value()}, to.pixels);
      image = to;
    }
    const std::string head =
        joule::str(image.channels == 1 ? "P5 " : "P6 ", image.width, ' ', image.height, " 255\n");
    std::fwrite(head.data(), 1, head.size(), stdout);
    std::fwrite(image.pixels.data(), 1, image.pixels.size(), stdout);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
