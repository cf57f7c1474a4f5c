# SPDX-License-Identifier: MIT
# cmake --install: the headers under include/joule, the libraries, the package for find_package(joule),
# and the program.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

get_target_property(libraries joule INTERFACE_LINK_LIBRARIES)
install(TARGETS joule ${libraries} EXPORT joule-targets)
install(EXPORT joule-targets NAMESPACE joule:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/joule)

# The public headers: joule.h and what it includes, and they.
set(public "")
set(todo joule.h)
while(todo)
  list(POP_FRONT todo header)
  if(NOT header IN_LIST public)
    list(APPEND public ${header})
    file(STRINGS ${header} includes REGEX "^ *# *include +\"joule/")
    list(TRANSFORM includes REPLACE "[^\"]*\"joule/([^\"]+)\".*" "\\1")
    list(APPEND todo ${includes})
    get_filename_component(folder ${header} DIRECTORY)
    install(FILES ${header} DESTINATION include/joule/${folder})
  endif()
endwhile()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${public})

if(JOULE_CLI)
  install(TARGETS joule_program)
endif()

configure_package_config_file(cmake/joule-config.cmake.in joule-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/joule)
write_basic_package_version_file(joule-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/joule-config.cmake ${PROJECT_BINARY_DIR}/joule-config-version.cmake
  cmake/FindoneDNN.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/joule)
