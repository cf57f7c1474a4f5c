# SPDX-License-Identifier: MIT
# cmake --install: the headers under include/joule, the libraries, the package for find_package(joule),
# and the program.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(folders ${JOULE_FOLDERS})
list(TRANSFORM folders PREPEND joule_ OUTPUT_VARIABLE libraries)
install(TARGETS joule ${libraries} EXPORT joule-targets)
install(EXPORT joule-targets NAMESPACE joule:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/joule)

install(FILES joule.h DESTINATION include/joule)
install(DIRECTORY ${folders} DESTINATION include/joule FILES_MATCHING PATTERN "*.h")
if(JOULE_CLI)
  install(TARGETS joule_program)
endif()

configure_package_config_file(cmake/joule-config.cmake.in joule-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/joule)
write_basic_package_version_file(joule-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/joule-config.cmake ${PROJECT_BINARY_DIR}/joule-config-version.cmake
  cmake/FindoneDNN.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/joule)
