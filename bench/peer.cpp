// SPDX-License-Identifier: MIT
#include "joule/bench/peer.h"

// With oneDNN, peer_onednn.cpp is built and defines these.
#if !JOULE_WITH_ONEDNN
namespace joule::bench {

std::vector<Peer> onednn_peers(Pass, const ConvOperands&) { return {}; }

}  // namespace joule::bench
#endif
