// SPDX-License-Identifier: MIT
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "joule/report/document.h"

namespace joule::cli {

/// Writes the results of a study: as DIR/results.json, under the schema "joule.study.KIND", the
/// document as DIR/study.html and, with its pictures in DIR/pictures, as DIR/table.md.  If
/// `markdown` is not empty, also writes that file, with its pictures in the folder of the same
/// name.
///
/// Errors    DataError.
void write_document(const std::string& folder, const std::string& markdown,
                    const report::Document& document, const std::string& kind,
                    const nlohmann::ordered_json& results);

}  // namespace joule::cli
