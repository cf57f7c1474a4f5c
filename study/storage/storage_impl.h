// SPDX-License-Identifier: MIT
#pragma once

#include "joule/study/storage/database.h"

namespace joule::study {

struct Storage::Impl {
  Impl(const Location& location, Missing missing, std::span<const Migration> schema)
      : database(location, missing, schema) {}

  Database database;
};

}  // namespace joule::study
