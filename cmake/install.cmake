# SPDX-License-Identifier: MIT
# cmake --install: the headers under include/joule, the libraries, the package for find_package(joule), joule.pc
# for pkg-config, and the program.  In three components: program, library (shared libraries alone) and development.
include(CMakePackageConfigHelpers)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME development)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/joule)
# One export per component, so that a project that takes some of them needs only what those link.
foreach(component IN LISTS joule_components)
  install(TARGETS joule_${component} EXPORT joule-${component}-targets
    LIBRARY COMPONENT library NAMELINK_COMPONENT development ARCHIVE COMPONENT development)
  install(EXPORT joule-${component}-targets NAMESPACE joule:: DESTINATION ${package})
endforeach()
install(TARGETS joule EXPORT joule-targets)
install(EXPORT joule-targets NAMESPACE joule:: DESTINATION ${package})

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
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/joule/${folder})
  endif()
endwhile()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${public})

if(JOULE_CLI)
  install(TARGETS joule_program RUNTIME COMPONENT program)
  set(shell ${PROJECT_BINARY_DIR}/shell)  # written in cli/
  install(FILES ${shell}/joule DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
  install(FILES ${shell}/_joule DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program)
  install(FILES ${shell}/joule.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
endif()
include(cmake/package.cmake)

# What a program that links a component links, too, unless the component is a shared library: the arguments of
# find_dependency(), and how a linker says it.
set(packages "")  # lines of joule-config.cmake
set(libs "")
if(NOT BUILD_SHARED_LIBS)
  set(core_packages "OpenMP COMPONENTS CXX" Threads)
  set(io_packages ZLIB Threads)
  set(kernels_packages "OpenMP COMPONENTS CXX" hwy)
  set(energy_packages fmt Threads)
  set(data_packages Threads JPEG PNG)
  set(libs "-lfmt -ljpeg -lpng -lz -lhwy")
  if(oneDNN_FOUND)
    list(APPEND kernels_packages oneDNN)
    string(APPEND libs " ${oneDNN_LIBRARY}")
  endif()
  if(JOULE_MPI_FOUND)
    list(JOIN JOULE_MPI_LIBRARIES " " mpi_libraries)
    string(APPEND libs " ${mpi_libraries}")
  endif()
  if(JOULE_WITH_CUDA)
    list(APPEND core_packages CUDAToolkit)
    list(APPEND kernels_packages CUDAToolkit)
    string(APPEND libs " ${CUDA_cudart_static_LIBRARY} -lrt")
  endif()
  string(APPEND libs " ${OpenMP_CXX_FLAGS} -lpthread -ldl")
endif()
foreach(component IN LISTS joule_components)
  string(APPEND packages "set(joule_${component}_needs ${joule_${component}_needs})\n"
    "set(joule_${component}_packages")
  foreach(package_arguments IN LISTS ${component}_packages)
    string(APPEND packages " \"${package_arguments}\"")
  endforeach()
  string(APPEND packages ")\n")
endforeach()

configure_package_config_file(cmake/joule-config.cmake.in joule-config.cmake INSTALL_DESTINATION ${package})
write_basic_package_version_file(joule-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/joule-config.cmake ${PROJECT_BINARY_DIR}/joule-config-version.cmake
  cmake/FindoneDNN.cmake DESTINATION ${package})

set(joule_libs "")
foreach(component IN LISTS joule_components)
  string(PREPEND joule_libs "-ljoule_${component} ")  # a static library before those that it needs
endforeach()
# The prefix is where the file lies, so that the whole may be moved.
file(RELATIVE_PATH prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" prefix ${prefix})
file(RELATIVE_PATH libdir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH includedir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(cmake/joule.pc.in joule.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/joule.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
