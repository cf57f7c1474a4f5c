// SPDX-License-Identifier: MIT
#include "kernels/onednn.h"

#include <dnnl_debug.h>

#include "core/denormals.h"
#include "core/error.h"

namespace joule::onednn {

const dnnl::engine& engine() {
  static const dnnl::engine cpu =
      checked("engine", [] { return dnnl::engine(dnnl::engine::kind::cpu, 0); });
  return cpu;
}

void fail(std::string_view call, std::string_view what, dnnl_status_t status) {
  throw DeviceError(str("oneDNN ", call, ": ", what, " (", dnnl_status2str(status), ")"));
}

dnnl::memory wrap(const dnnl::memory::desc& desc, const float* data) {
  return checked("memory", [&] { return dnnl::memory(desc, engine(), const_cast<float*>(data)); });
}

void execute(std::string_view call, const dnnl::primitive& primitive,
             const std::unordered_map<int, dnnl::memory>& arguments) {
  const FlushDenormalsOnAllThreads for_its_parallel_regions;
  checked(call, [&] {
    dnnl::stream stream(engine());
    primitive.execute(stream, arguments);
    stream.wait();
  });
}

void sgemm(bool transpose_a, std::int64_t m, std::int64_t n, std::int64_t k, const float* a,
           const float* b, float* c) {
  const FlushDenormalsOnAllThreads for_its_parallel_regions;
  const dnnl_status_t status = dnnl_sgemm(transpose_a ? 't' : 'n', 'n', m, n, k, 1.0f, a,
                                          transpose_a ? m : k, b, n, 0.0f, c, n);
  if (status != dnnl_success) fail("sgemm", "could not multiply", status);
}

}  // namespace joule::onednn
