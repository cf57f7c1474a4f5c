// SPDX-License-Identifier: MIT
#include "kernels/onednn.h"

#include <dnnl_debug.h>

#include "core/denormals.h"
#include "core/error.h"
#include "core/memory.h"

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
  const FlushDenormalsOnAllThreads for_its_parallel_regions(team);
  const dnnl_status_t status = dnnl_sgemm(transpose_a ? 't' : 'n', 'n', m, n, k, 1.0f, a,
                                          transpose_a ? m : k, b, n, 0.0f, c, n);
  if (status != dnnl_success) fail("sgemm", "could not multiply", status);
}

}  // namespace joule::onednn
