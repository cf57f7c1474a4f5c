// SPDX-License-Identifier: MIT
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "joule/core/error.h"
#include "joule/data/image/decoders.h"

namespace joule {
namespace {

/// One file that libpng reads.  libpng leaves by longjmp(): what it may leave are the steps below,
/// which hold nothing that has a destructor; guarded() makes an exception of it.
class PngReader {
 public:
  PngReader(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Decoded read() {
    check_chunks();
    guarded(&PngReader::read_header);
    // Each byte that deflate() made becomes 1032 at the most, and of one bit a pixel eight pixels.
    check_image_size(image_.height, image_.width, bytes_, 8 * 1032, path_);
    guarded(&PngReader::choose_form);
    image_.pixels.resize(static_cast<std::size_t>(image_.height * image_.width * image_.channels));
    guarded(&PngReader::read_pixels);
    const std::string_view exif(reinterpret_cast<const char*>(exif_), exif_bytes_);
    return {.image = std::move(image_), .orientation = exif_orientation(exif)};
  }

 private:
  void guarded(void (PngReader::*step)()) {
    if (setjmp(jump_) == 0) {
      (this->*step)();
    } else {
      fail();
    }
  }
  [[noreturn]] void fail() const {
    throw DataError(str(path_, ": a damaged PNG file: ", message_));
  }

  /// libpng takes the memory of a chunk before it reads it: 2 GiB, if that is what a byte says.
  void check_chunks() const {
    constexpr std::size_t kSignature = 8, kHeader = 8, kChecksum = 4;
    std::string_view left = bytes_.substr(std::min(kSignature, bytes_.size()));
    while (left.size() >= kHeader) {
      const std::size_t length = png_get_uint_32(reinterpret_cast<png_const_bytep>(left.data()));
      if (length > left.size() - kHeader) {
        throw DataError(str(path_, ": a damaged PNG file: the file is truncated: a chunk has ",
                            length, " bytes, there are ", left.size() - kHeader));
      }
      if (left.substr(4, 4) == "IEND") return;
      left.remove_prefix(std::min(kHeader + length + kChecksum, left.size()));
    }
  }

  static void on_error(png_structp png, png_const_charp message) {
    auto* const self = static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(self->message_, sizeof self->message_, "%s", message);
    std::longjmp(self->jump_, 1);
  }
  /// Of what holds no pixels: a colour profile, a text.
  static void on_warning(png_structp, png_const_charp) {}

  static void read_bytes(png_structp png, png_bytep to, std::size_t count) {
    auto* const self = static_cast<PngReader*>(png_get_io_ptr(png));
    if (self->bytes_.size() - self->at_ < count) png_error(png, "the file is truncated");
    std::memcpy(to, self->bytes_.data() + self->at_, count);
    self->at_ += count;
  }

  void read_header() {
    png_set_read_fn(png_, this, read_bytes);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // Texts and profiles unfold to 8 MB each, of which nothing is read here.
    static constexpr png_byte kIgnored[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT";
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kIgnored, sizeof kIgnored / 5);
    png_read_info(png_, info_);
    image_.height = png_get_image_height(png_, info_);
    image_.width = png_get_image_width(png_, info_);
  }

  void choose_form() {
    const int colour = png_get_color_type(png_, info_);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (colour == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png_);
    png_set_scale_16(png_);
    png_set_strip_alpha(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    image_.channels = png_get_channels(png_, info_);
    if (png_get_bit_depth(png_, info_) != 8 || (image_.channels != 1 && image_.channels != 3)) {
      png_error(png_, "neither grey nor colours of 8 bits");
    }
  }

  void read_pixels() {
    const std::int64_t row = image_.width * image_.channels;
    for (int pass = 0; pass < passes_; ++pass) {
      for (std::int64_t y = 0; y < image_.height; ++y) {
        png_read_row(png_, image_.pixels.data() + y * row, nullptr);
      }
    }
    png_read_end(png_, info_);
    png_uint_32 count = 0;
    if (png_get_eXIf_1(png_, info_, &count, &exif_)) exif_bytes_ = count;
  }

  std::string_view bytes_;
  const std::string& path_;
  std::size_t at_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_;
  char message_[256] = "";
  int passes_ = 1;
  Bitmap image_;
  png_bytep exif_ = nullptr;
  std::size_t exif_bytes_ = 0;
};

}  // namespace

Decoded decode_png(std::string_view bytes, const std::string& path) {
  return PngReader(bytes, path).read();
}

}  // namespace joule
