// SPDX-License-Identifier: MIT
#include "joule/cli/checksum.h"

#include <sys/types.h>  // md5.h needs it before

#include <md5.h>

#include <array>
#include <vector>

#include "joule/io/gzip_reader.h"
#include "joule/io/input_file.h"

namespace joule::cli {
namespace {

std::string md5_of_all(auto& file) {
  MD5_CTX state;
  MD5Init(&state);
  std::vector<std::uint8_t> bytes(1 << 16);
  while (const std::size_t got = file.read(bytes.data(), bytes.size())) {
    MD5Update(&state, bytes.data(), got);
  }
  std::array<char, MD5_DIGEST_STRING_LENGTH> text;
  MD5End(&state, text.data());
  return text.data();
}

}  // namespace

std::string md5_of(const std::string& path, bool unpacked) {
  if (unpacked) {
    GzipReader file(path);
    return md5_of_all(file);
  }
  InputFile file(path);
  return md5_of_all(file);
}

}  // namespace joule::cli
