# SPDX-License-Identifier: MIT
# SOCI with its SQLite backend as SOCI::sqlite3; Debian's has no CMake configuration.  Its PostgreSQL
# backend is loaded where a program asks for it, so that a program starts without it.
find_path(SOCI_INCLUDE_DIR soci/soci.h NO_CACHE)
find_library(SOCI_core_LIBRARY soci_core NO_CACHE)
find_library(SOCI_sqlite3_LIBRARY soci_sqlite3 NO_CACHE)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SOCI REQUIRED_VARS SOCI_core_LIBRARY SOCI_sqlite3_LIBRARY SOCI_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install libsoci-dev")
if(SOCI_FOUND AND NOT TARGET SOCI::sqlite3)
  add_library(SOCI::sqlite3 INTERFACE IMPORTED)
  set_target_properties(SOCI::sqlite3 PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${SOCI_sqlite3_LIBRARY};${SOCI_core_LIBRARY}")
endif()
