// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "joule/core/random.h"
#include "joule/data/synthetic.h"
#include "joule/layers/graph/builder.h"
#include "joule/tests/support/files.h"
#include "joule/tests/support/small_runs.h"
#include "joule/training/run/run.h"
#include "joule/training/run/summary_json.h"
#include "joule/training/trainer.h"

// What training_test and evaluate_test share.
namespace joule::training::training_cases {

using test::small_data;

inline Config small_config() {
  return {.model = "lenet5",
          .data = "synthetic",
          .augment = "crop-flip",
          .epochs = 2,
          .batch = 16,
          .l0_lambda = 0.1,
          .l0_warmup = 1,
          .deterministic = true};
}

template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace joule::training::training_cases
