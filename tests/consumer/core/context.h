// SPDX-License-Identifier: MIT
#pragma once

// The consumer's own, under a name that Joule has, too.
struct ConsumerContext {
  long batches = 0;
};
