// SPDX-License-Identifier: MIT
#include "joule/io/descriptor.h"

#include <unistd.h>

#include <utility>

namespace joule {

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

int Descriptor::release() { return std::exchange(value_, -1); }

}  // namespace joule
