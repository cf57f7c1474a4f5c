// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace joule::cli {

/// The MD5 of a file or, with `unpacked`, of the contents of a gzipped file, as 32 hexadecimal
/// digits.
///
/// Errors    DataError as InputFile and GzipReader.
std::string md5_of(const std::string& path, bool unpacked);

}  // namespace joule::cli
