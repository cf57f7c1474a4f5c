// SPDX-License-Identifier: MIT
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it before

#include <jpeglib.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "joule/core/error.h"
#include "joule/data/image/decoders.h"

namespace joule {
namespace {

/// Each scan of a progressive file goes through the whole image: a few bytes can ask for hours.
constexpr int kMaxScans = 500;

/// One file that libjpeg reads.  libjpeg leaves by longjmp(): what it may leave are the steps
/// below, which hold nothing that has a destructor; guarded() makes an exception of it.
class JpegReader {
 public:
  JpegReader(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {
    std::memset(&file_, 0, sizeof file_);
    file_.err = jpeg_std_error(&errors_);
    file_.client_data = this;
    errors_.error_exit = leave;
    errors_.emit_message = on_message;
    progress_.progress_monitor = on_progress;
  }
  ~JpegReader() { jpeg_destroy_decompress(&file_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Decoded read() {
    guarded(&JpegReader::open);
    guarded(&JpegReader::read_header);
    image_.height = file_.image_height;
    image_.width = file_.image_width;
    // Each block of 8 x 8 of the largest component takes a bit at the least.
    check_image_size(image_.height, image_.width, bytes_, 8 * 64, path_);
    choose_colours();
    image_.pixels.resize(static_cast<std::size_t>(image_.height * image_.width * image_.channels));
    if (file_.out_color_space == JCS_CMYK) {
      inks_.resize(static_cast<std::size_t>(4 * image_.width));
    }
    guarded(&JpegReader::read_pixels);
    return {.image = std::move(image_), .orientation = orientation_};
  }

 private:
  void guarded(void (JpegReader::*step)()) {
    if (setjmp(jump_) == 0) {
      (this->*step)();
    } else {
      fail();
    }
  }
  [[noreturn]] void fail() const {
    throw DataError(str(path_, ": a damaged JPEG file: ", message_));
  }

  static JpegReader& reader_of(j_common_ptr file) {
    return *static_cast<JpegReader*>(file->client_data);
  }
  static void leave(j_common_ptr file) {
    JpegReader& self = reader_of(file);
    file->err->format_message(file, self.message_);
    std::longjmp(self.jump_, 1);
  }
  /// A warning says that the data are damaged and that libjpeg makes something up instead.
  static void on_message(j_common_ptr file, int level) {
    if (level < 0) leave(file);
  }
  static void on_progress(j_common_ptr file) {
    JpegReader& self = reader_of(file);
    if (self.file_.input_scan_number <= kMaxScans) return;
    std::snprintf(self.message_, sizeof self.message_, "more than %d scans", kMaxScans);
    std::longjmp(self.jump_, 1);
  }

  void open() {
    jpeg_create_decompress(&file_);
    file_.progress = &progress_;
    jpeg_mem_src(&file_, reinterpret_cast<const unsigned char*>(bytes_.data()),
                 static_cast<unsigned long>(bytes_.size()));  // NOLINT: libjpeg's type
    jpeg_save_markers(&file_, JPEG_APP0 + 1, 0xffff);
  }

  void read_header() {
    jpeg_read_header(&file_, TRUE);
    constexpr std::size_t kBefore = 6;  // "Exif\0\0"
    for (jpeg_saved_marker_ptr m = file_.marker_list; m; m = m->next) {
      if (m->data_length < kBefore || std::memcmp(m->data, "Exif\0\0", kBefore) != 0) continue;
      orientation_ = exif_orientation(
          {reinterpret_cast<const char*>(m->data) + kBefore, m->data_length - kBefore});
      return;
    }
  }

  void choose_colours() {
    if (file_.jpeg_color_space == JCS_UNKNOWN) {
      throw DataError(str(path_, ": a JPEG file of ", file_.num_components,
                          " components, expected 1 (grey), 3 (colours) or 4 (inks)"));
    }
    const bool inks = file_.jpeg_color_space == JCS_CMYK || file_.jpeg_color_space == JCS_YCCK;
    const bool grey = file_.jpeg_color_space == JCS_GRAYSCALE;
    file_.out_color_space = inks ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
    image_.channels = grey ? 1 : 3;
  }

  void read_pixels() {
    jpeg_start_decompress(&file_);
    const std::int64_t row = image_.width * image_.channels;
    while (file_.output_scanline < file_.output_height) {
      std::uint8_t* const to = image_.pixels.data() + file_.output_scanline * row;
      JSAMPROW rows[1] = {inks_.empty() ? to : inks_.data()};
      jpeg_read_scanlines(&file_, rows, 1);
      if (!inks_.empty()) mix_inks(to);
    }
    jpeg_finish_decompress(&file_);
  }

  /// Adobe stores 255 for no ink, and whoever writes CMYK into JPEG files does as Adobe does.
  void mix_inks(std::uint8_t* to) const {
    for (std::size_t i = 0; i < inks_.size(); i += 4) {
      const int black = inks_[i + 3];
      for (std::size_t c = 0; c < 3; ++c) {
        const int ink = 255 - inks_[i + c], product = ink * black + 128;
        *to++ = static_cast<std::uint8_t>(black - (((product >> 8) + product) >> 8));
      }
    }
  }

  std::string_view bytes_;
  const std::string& path_;
  jpeg_decompress_struct file_;
  jpeg_error_mgr errors_;
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_;
  char message_[JMSG_LENGTH_MAX] = "";
  Bitmap image_;
  std::vector<std::uint8_t> inks_;  // a row of CMYK
  int orientation_ = 1;
};

}  // namespace

Decoded decode_jpeg(std::string_view bytes, const std::string& path) {
  return JpegReader(bytes, path).read();
}

}  // namespace joule
