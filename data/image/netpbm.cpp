// SPDX-License-Identifier: MIT
#include <cctype>

#include "joule/core/error.h"
#include "joule/data/image/decoders.h"

namespace joule {
namespace {

/// Reads one file of Netpbm's: "P" and a digit, width, height, unless of bits the largest value,
/// then the values, row by row, as text (P1 to P3) or as bytes.
class NetpbmReader {
 public:
  NetpbmReader(std::string_view bytes, const std::string& path)
      : bytes_(bytes), path_(path), kind_(bytes[1] - '0') {}

  Bitmap read() {
    at_ = 2;
    image_.width = number("the width");
    image_.height = number("the height");
    image_.channels = kind_ == 3 || kind_ == 6 ? 3 : 1;
    maximum_ = is_bits() ? 1 : number("the largest value");
    if (maximum_ < 1 || maximum_ > 65535) {
      fail("the largest value is ", maximum_, ", expected 1 to 65535");
    }
    check_image_size(image_.height, image_.width, bytes_, kind_ == 4 ? 8 : 1, path_);
    image_.pixels.resize(static_cast<std::size_t>(image_.height * image_.width * image_.channels));
    if (kind_ <= 3) {
      read_text();
    } else {
      read_bytes();
    }
    for (; at_ < bytes_.size(); ++at_) {
      if (!std::isspace(byte(at_))) fail("the file goes on after the image");
    }
    return std::move(image_);
  }

 private:
  bool is_bits() const { return kind_ == 1 || kind_ == 4; }
  std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }

  template <class... Ts>
  [[noreturn]] void fail(const Ts&... what) const {
    throw DataError(str(path_, ": at byte ", at_, ": ", what...));
  }

  /// Space and comments, which go from # to the end of the line.
  void skip_space() {
    while (at_ < bytes_.size()) {
      if (bytes_[at_] == '#') {
        while (at_ < bytes_.size() && bytes_[at_] != '\n' && bytes_[at_] != '\r') ++at_;
      } else if (std::isspace(byte(at_))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::int64_t number(const char* what) {
    skip_space();
    std::int64_t value = 0;
    const std::size_t begin = at_;
    for (; at_ < bytes_.size() && std::isdigit(byte(at_)); ++at_) {
      value = 10 * value + (bytes_[at_] - '0');
      if (value > 0x7fffffff) fail(what, " is too large");
    }
    if (at_ == begin) {
      if (at_ == bytes_.size()) fail("the file is truncated: expected ", what);
      fail("expected ", what, " in decimal digits");
    }
    return value;
  }

  std::uint8_t scaled(std::int64_t value) const {
    if (value > maximum_) fail("a value of ", value, ", expected at most ", maximum_);
    return static_cast<std::uint8_t>((value * 255 + maximum_ / 2) / maximum_);
  }

  /// The digits of P1 need no space between them.
  std::int64_t bit() {
    skip_space();
    if (at_ == bytes_.size()) fail("the file is truncated: expected another pixel");
    const char digit = bytes_[at_++];
    if (digit != '0' && digit != '1') fail("expected pixels of 0 or 1");
    return digit - '0';
  }

  void read_text() {
    for (std::uint8_t& value : image_.pixels) {
      value = kind_ == 1 ? scaled(1 - bit()) : scaled(number("another value"));
    }
  }

  void read_bytes() {
    if (at_ == bytes_.size()) fail("the file is truncated: expected the pixels");
    if (!std::isspace(byte(at_))) fail("expected one space before the pixels");
    ++at_;
    const std::size_t wide = maximum_ > 255 ? 2 : 1;
    const auto rows = static_cast<std::size_t>(image_.height);
    const std::size_t values = image_.pixels.size() / rows;
    const std::size_t row = kind_ == 4 ? (values + 7) / 8 : values * wide;
    if (bytes_.size() - at_ < rows * row) {
      fail("the file is truncated: ", image_.height, "x", image_.width, " pixels take ", rows * row,
           " bytes, there are ", bytes_.size() - at_);
    }
    std::uint8_t* to = image_.pixels.data();
    for (std::size_t y = 0; y < rows; ++y, at_ += row) {
      for (std::size_t i = 0; i < values; ++i) {
        if (kind_ == 4) {
          *to++ = byte(at_ + i / 8) >> (7 - i % 8) & 1 ? 0 : 255;  // 1 is black
        } else if (wide == 2) {
          *to++ = scaled(byte(at_ + 2 * i) << 8 | byte(at_ + 2 * i + 1));
        } else {
          *to++ = scaled(byte(at_ + i));
        }
      }
    }
  }

  std::string_view bytes_;
  const std::string& path_;
  int kind_;
  std::size_t at_ = 0;
  std::int64_t maximum_ = 0;
  Bitmap image_;
};

}  // namespace

Decoded decode_netpbm(std::string_view bytes, const std::string& path) {
  return {.image = NetpbmReader(bytes, path).read()};
}

}  // namespace joule
