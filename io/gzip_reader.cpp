// SPDX-License-Identifier: MIT
#include "joule/io/gzip_reader.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <span>

namespace joule {

struct GzipReader::Inflate {
  static constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, with a gzip header

  Inflate() {
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Inflate() { inflateEnd(&stream); }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;

  z_stream stream{};
  bool member_ended = false;
};

GzipReader::GzipReader(const std::string& path) : file_(path) {
  refill();
  if (filled_ >= 2 && input_[0] == 0x1f && input_[1] == 0x8b) {
    inflate_ = std::make_unique<Inflate>();
  }
}

GzipReader::~GzipReader() = default;

bool GzipReader::refill() {
  next_ = 0;
  filled_ = file_.read(input_.data(), input_.size());
  return filled_ > 0;
}

std::size_t GzipReader::read(void* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    const std::size_t chunk = std::min(bytes - done, std::size_t{1} << 30);  // zlib counts in uInt
    std::uint8_t* const at = static_cast<std::uint8_t*>(to) + done;
    const std::size_t got = inflate_ ? read_packed(at, chunk) : read_plain(at, chunk);
    if (got == 0) break;
    done += got;
    offset_ += got;
  }
  return done;
}

std::size_t GzipReader::read_plain(std::uint8_t* to, std::size_t bytes) {
  if (next_ == filled_ && !refill()) return 0;
  const std::size_t count = std::min(bytes, filled_ - next_);
  std::memcpy(to, input_.data() + next_, count);
  next_ += count;
  return count;
}

std::size_t GzipReader::read_packed(std::uint8_t* to, std::size_t bytes) {
  z_stream& stream = inflate_->stream;
  stream.next_out = to;
  stream.avail_out = static_cast<uInt>(bytes);
  const auto damaged = [&](const std::string& what) {
    offset_ += bytes - stream.avail_out;
    fail(what);
  };
  while (stream.avail_out > 0) {
    if (next_ == filled_ && !refill()) {
      if (inflate_->member_ended) break;
      damaged("the gzip data ends early: the file is truncated");
    }
    if (inflate_->member_ended) {
      if (input_[next_] == 0) {
        skip_padding();
        break;
      }
      inflateReset(&stream);
      inflate_->member_ended = false;
    }
    stream.next_in = input_.data() + next_;
    stream.avail_in = static_cast<uInt>(filled_ - next_);
    const int status = inflate(&stream, Z_NO_FLUSH);
    next_ = filled_ - stream.avail_in;
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status == Z_STREAM_END) {
      inflate_->member_ended = true;
    } else if (status != Z_OK) {
      damaged(str("damaged gzip data", stream.msg ? ": " : "", stream.msg ? stream.msg : ""));
    }
  }
  return bytes - stream.avail_out;
}

void GzipReader::skip_padding() {
  do {
    const auto rest = std::span(input_).subspan(next_, filled_ - next_);
    if (std::ranges::any_of(rest, [](std::uint8_t byte) { return byte != 0; })) {
      fail("the gzip data are followed by zeros, and those by something else");
    }
    next_ = filled_;
  } while (refill());
}

std::vector<std::uint8_t> GzipReader::read_at_most(std::uint64_t limit) {
  std::vector<std::uint8_t> bytes;
  std::size_t done = 0;
  while (done < limit) {
    // Doubling: the file's claim is believed only as far as twice what has arrived.
    bytes.resize(std::min<std::uint64_t>(limit, std::max<std::size_t>(1 << 20, 2 * done)));
    done += read(bytes.data() + done, bytes.size() - done);
    if (done < bytes.size()) break;
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace joule
