# SPDX-License-Identifier: MIT
# NLopt's C library as NLopt::nlopt; Debian's configuration is found or not as its C++ library is there.
find_path(NLopt_INCLUDE_DIR nlopt.h NO_CACHE)
find_library(NLopt_LIBRARY nlopt NO_CACHE)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(NLopt REQUIRED_VARS NLopt_LIBRARY NLopt_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libnlopt-dev")
if(NLopt_FOUND AND NOT TARGET NLopt::nlopt)
  add_library(NLopt::nlopt INTERFACE IMPORTED)
  set_target_properties(NLopt::nlopt PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${NLopt_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${NLopt_LIBRARY}")
endif()
