# SPDX-License-Identifier: MIT
# libmd, which has MD5, as libmd::libmd.
find_path(libmd_INCLUDE_DIR md5.h NO_CACHE)
find_library(libmd_LIBRARY md NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(libmd REQUIRED_VARS libmd_LIBRARY libmd_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libmd-dev")
if(libmd_FOUND AND NOT TARGET libmd::libmd)
  add_library(libmd::libmd INTERFACE IMPORTED)
  set_target_properties(libmd::libmd PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${libmd_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${libmd_LIBRARY}")
endif()
