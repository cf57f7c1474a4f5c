// SPDX-License-Identifier: MIT
#include "joule/kernels/product/onednn.h"

#include <dnnl_debug.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "joule/core/backend/memory.h"
#include "joule/core/error.h"
#include "joule/core/system/denormals.h"

namespace joule::onednn {

const dnnl::engine& engine() {
  static const dnnl::engine cpu =
      checked("engine", [] { return dnnl::engine(dnnl::engine::kind::cpu, 0); });
  return cpu;
}

void fail(std::string_view call, std::string_view what, dnnl_status_t status) {
  throw DeviceError(str("oneDNN ", call, ": ", what, " (", dnnl_status2str(status), ")"));
}

void require_room(std::string_view call) {
  // The most that was seen for a primitive's code is 2 MiB, and for the kernels of all matrix
  // products, which are made at once, 6 MiB with AVX-512 and 20 MiB with AVX2; there a worker makes
  // them, in which an exception ends the program.
  constexpr std::size_t kBytes = 32 << 20;
  void* const room =
      mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED)
    throw OutOfMemory(str("out of memory: oneDNN ", call, " needs room for its code"));
  munmap(room, kBytes);
}

dnnl::memory wrap(const dnnl::memory::desc& desc, const float* data) {
  return checked("memory", [&] { return dnnl::memory(desc, engine(), const_cast<float*>(data)); });
}

const dnnl::primitive_attr& attributes() {
  static const dnnl::primitive_attr own_scratchpad = checked("attributes", [] {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
  });
  return own_scratchpad;
}

void execute(const FixedTeam& team, std::string_view call, const dnnl::primitive& primitive,
             std::unordered_map<int, dnnl::memory> arguments) {
  // Some primitives make more code when they first run.
  if (rlimit limit; getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    require_room(call);
  }
  const dnnl::memory::desc scratchpad(
      *dnnl_primitive_desc_query_md(primitive.get_primitive_desc(), dnnl_query_scratchpad_md, 0));
  const Storage memory(scratchpad.get_size(), Device::cpu);
  arguments.emplace(DNNL_ARG_SCRATCHPAD,
                    wrap(scratchpad, reinterpret_cast<const float*>(memory.data())));
  const FlushDenormalsOnAllThreads for_its_parallel_regions(team);
  checked(call, [&] {
    dnnl::stream stream(engine());
    primitive.execute(stream, arguments);
    stream.wait();
  });
}

void sgemm(const FixedTeam& team, bool transpose_a, std::int64_t m, std::int64_t n, std::int64_t k,
           const float* a, const float* b, float* c) {
  static const bool has_room_for_code = (require_room("sgemm"), true);
  static_cast<void>(has_room_for_code);
  const FlushDenormalsOnAllThreads for_its_parallel_regions(team);
  const dnnl_status_t status = dnnl_sgemm(transpose_a ? 't' : 'n', 'n', m, n, k, 1.0f, a,
                                          transpose_a ? m : k, b, n, 0.0f, c, n);
  if (status != dnnl_success) fail("sgemm", "could not multiply", status);
}

}  // namespace joule::onednn
