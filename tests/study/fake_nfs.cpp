// SPDX-License-Identifier: MIT
//
// Loaded before the C library (LD_PRELOAD): every file is on NFS.
#include <sys/vfs.h>

extern "C" int statfs(const char*, struct statfs* about) noexcept {
  *about = {};
  about->f_type = 0x6969;
  return 0;
}
