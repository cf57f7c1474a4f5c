// SPDX-License-Identifier: MIT
#include <algorithm>

#include "joule/core/cuda/block.h"
#include "joule/core/cuda/divisor.h"
#include "joule/core/cuda/launch.h"
#include "joule/kernels/floats_cuda.h"
#include "joule/kernels/resize/resize_impl.h"

// What row lies where is a parameter of the kernel, by tiles of kMost rows and columns: a copy to
// the device could not be captured in a graph.
namespace joule::cuda {
namespace {

constexpr std::int64_t kMost = 256;

/// The images that go in and come out, and a tile of those that are written.
struct Tiled {
  std::int64_t height, width, out_height, out_width, channels;
  std::int64_t first_row, first_column;
  int rows, columns;
};

/// Of the rows and columns of a tile of y, the rows and columns of x that they are copies of.
struct CopiesOf {
  std::int32_t rows[kMost], columns[kMost];
};

/// Of the rows and columns of a tile of grad_x, where their copies begin, and those of the last
/// end.
struct Starts {
  std::int32_t rows[kMost + 1], columns[kMost + 1];
};

/// An element of a tile: an image, a row and a column of the tile, and the first channel.
struct TilePlace {
  std::int64_t n;
  int row, column;
  std::int64_t channel;
};

/// Divides the index of a thread, of kCount channels each.
struct TilePlaces {
  Divisor groups, columns, rows;
  int count;

  TilePlaces(const Tiled& tile, int per_thread)
      : groups(static_cast<int>(tile.channels / per_thread)),
        columns(tile.columns),
        rows(tile.rows),
        count(per_thread) {}
  __device__ TilePlace at(std::int64_t i) const {
    const auto by_group = groups.split(i);
    const auto by_column = columns.split(by_group.quotient);
    const auto by_row = rows.split(by_column.quotient);
    return {by_row.quotient, by_row.remainder, by_column.remainder,
            std::int64_t{by_group.remainder} * count};
  }
};

/// One thread per output element, or four channels.  Bound: y is written once; copies of a pixel
/// find it in the caches.
template <int kCount>
__global__ void copy_pixels(const __grid_constant__ CopiesOf of, Tiled tile, TilePlaces places,
                            std::int64_t threads, const float* x, float* y) {
  for (std::int64_t i = thread_index(); i < threads; i += thread_count()) {
    const TilePlace at = places.at(i);
    const std::int64_t from =
        (at.n * tile.height + of.rows[at.row]) * tile.width + of.columns[at.column];
    const std::int64_t to = (at.n * tile.out_height + tile.first_row + at.row) * tile.out_width +
                            tile.first_column + at.column;
    Floats<kCount>::load(x + from * tile.channels + at.channel)
        .store(y + to * tile.channels + at.channel);
  }
}

/// One thread per input element, or four channels: it gathers its copies.  Bound: each operand
/// once.
template <int kCount>
__global__ void sum_copies(const __grid_constant__ Starts starts, Tiled tile, TilePlaces places,
                           std::int64_t threads, const float* grad_y, float* grad_x) {
  for (std::int64_t i = thread_index(); i < threads; i += thread_count()) {
    const TilePlace at = places.at(i);
    Floats<kCount> sum{};
    for (std::int64_t p = starts.rows[at.row]; p < starts.rows[at.row + 1]; ++p) {
      for (std::int64_t q = starts.columns[at.column]; q < starts.columns[at.column + 1]; ++q) {
        const std::int64_t from = (at.n * tile.out_height + p) * tile.out_width + q;
        const auto grad = Floats<kCount>::load(grad_y + from * tile.channels + at.channel);
        for (int k = 0; k < kCount; ++k) sum.at[k] += grad.at[k];
      }
    }
    const std::int64_t to =
        (at.n * tile.height + tile.first_row + at.row) * tile.width + tile.first_column + at.column;
    sum.store(grad_x + to * tile.channels + at.channel);
  }
}

Tiled images(const Shape& x, const Shape& y) {
  return {.height = x[1],
          .width = x[2],
          .out_height = y[1],
          .out_width = y[2],
          .channels = x[3],
          .first_row = 0,
          .first_column = 0,
          .rows = 0,
          .columns = 0};
}

/// body(tile) for all tiles of images of `height` x `width` pixels.
template <class Body>
void for_each_tile(Tiled tile, std::int64_t height, std::int64_t width, Body&& body) {
  for (tile.first_row = 0; tile.first_row < height; tile.first_row += kMost) {
    tile.rows = static_cast<int>(std::min(kMost, height - tile.first_row));
    for (tile.first_column = 0; tile.first_column < width; tile.first_column += kMost) {
      tile.columns = static_cast<int>(std::min(kMost, width - tile.first_column));
      body(tile);
    }
  }
}

void copy_tile(const std::vector<std::int64_t>& numbers, std::int64_t first, int count,
               std::int32_t* to) {
  for (int k = 0; k < count; ++k) {
    to[k] = static_cast<std::int32_t>(numbers[static_cast<std::size_t>(first + k)]);
  }
}

/// Queues kernel<4> or kernel<1> over a tile of `batch` images.
template <class Table>
void launch_tile(void (*by_four)(Table, Tiled, TilePlaces, std::int64_t, const float*, float*),
                 void (*by_one)(Table, Tiled, TilePlaces, std::int64_t, const float*, float*),
                 const Table& table, const Tiled& tile, std::int64_t batch, const float* from,
                 float* to) {
  if (tile.channels == 0) return;
  const bool four = tile.channels % 4 == 0 && aligned_for_four({from, to});
  const int per_thread = four ? 4 : 1;
  const std::int64_t threads = batch * tile.rows * tile.columns * (tile.channels / per_thread);
  launch(four ? by_four : by_one, grid_over(threads), table, tile, TilePlaces(tile, per_thread),
         threads, from, to);
}

}  // namespace

void resize_nearest(const ops::ResizeNearest& op, Context&, Tally*) {
  const Shape &of_x = op.x.shape(), &of_y = op.y.shape();
  const auto rows = sources_of(of_x[1], op.rows), columns = sources_of(of_x[2], op.columns);
  for_each_tile(images(of_x, of_y), of_y[1], of_y[2], [&](const Tiled& tile) {
    CopiesOf of{};
    copy_tile(rows, tile.first_row, tile.rows, of.rows);
    copy_tile(columns, tile.first_column, tile.columns, of.columns);
    launch_tile(copy_pixels<4>, copy_pixels<1>, of, tile, of_x[0], op.x.data<float>(),
                op.y.mutable_data<float>());
  });
}

void resize_nearest_grad(const ops::ResizeNearestGrad& op, Context&, Tally*) {
  const Shape &of_x = op.grad_x.shape(), &of_y = op.grad_y.shape();
  const auto rows = starts_of(of_x[1], op.rows), columns = starts_of(of_x[2], op.columns);
  for_each_tile(images(of_x, of_y), of_x[1], of_x[2], [&](const Tiled& tile) {
    Starts starts{};
    copy_tile(rows, tile.first_row, tile.rows + 1, starts.rows);
    copy_tile(columns, tile.first_column, tile.columns + 1, starts.columns);
    launch_tile(sum_copies<4>, sum_copies<1>, starts, tile, of_x[0], op.grad_y.data<float>(),
                op.grad_x.mutable_data<float>());
  });
}

}  // namespace joule::cuda
