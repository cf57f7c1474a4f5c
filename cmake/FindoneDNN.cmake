# SPDX-License-Identifier: MIT
# oneDNN as DNNL::dnnl.  Debian's own dnnl-config.cmake stops the whole configuration when the
# development files of OpenCL are not there, which only oneDNN's GPU interface needs.
find_path(oneDNN_INCLUDE_DIR dnnl.hpp NO_CACHE)
find_library(oneDNN_LIBRARY dnnl NO_CACHE)
if(EXISTS "${oneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h")
  file(STRINGS "${oneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h" lines REGEX "DNNL_VERSION_(MAJOR|MINOR|PATCH) ")
  string(REGEX REPLACE "[^;]* ([0-9]+)" "\\1" lines "${lines}")
  list(JOIN lines . oneDNN_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(oneDNN REQUIRED_VARS oneDNN_LIBRARY oneDNN_INCLUDE_DIR
  VERSION_VAR oneDNN_VERSION HANDLE_VERSION_RANGE)
if(oneDNN_FOUND AND NOT TARGET DNNL::dnnl)
  add_library(DNNL::dnnl UNKNOWN IMPORTED)
  set_target_properties(DNNL::dnnl PROPERTIES IMPORTED_LOCATION "${oneDNN_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${oneDNN_INCLUDE_DIR}")
endif()
