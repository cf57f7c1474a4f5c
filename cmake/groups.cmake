# SPDX-License-Identifier: MIT
# Unity builds of files that use the same names, as tests do, each in a namespace without a name: CMake's own unity builds need
# different ones.  Not for files that use that namespace from outside.
#
# joule_groups(<variable> <target> <size> <source>...): the files to compile instead of the sources.  With
# CMAKE_UNITY_BUILD they hold <size> sources each, where the namespace without a name has that of its source; otherwise
# they are the sources.  What the compiler says is of the sources.
function(joule_groups variable target size)
  if(NOT CMAKE_UNITY_BUILD)
    set(${variable} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  set(groups "")
  set(script ${PROJECT_SOURCE_DIR}/cmake/groups.cmake)
  list(LENGTH ARGN count)
  math(EXPR last "${count} - 1")
  foreach(first RANGE 0 ${last} ${size})
    list(SUBLIST ARGN ${first} ${size} sources)
    list(GET sources 0 source)
    get_filename_component(extension ${source} LAST_EXT)
    set(group ${CMAKE_CURRENT_BINARY_DIR}/groups/${target}_${first}${extension})
    add_custom_command(OUTPUT ${group} DEPENDS ${sources} ${script} VERBATIM
      COMMENT "Joining the sources of ${target}_${first}${extension}"
      COMMAND ${CMAKE_COMMAND} -DGROUP=${group} "-DSOURCES=${sources}" -DROOT=${PROJECT_SOURCE_DIR} -P ${script})
    set_source_files_properties(${group} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    list(APPEND groups ${group})
  endforeach()
  set(${variable} ${groups} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  file(WRITE ${GROUP} "")
  foreach(source IN LISTS SOURCES)
    file(RELATIVE_PATH name ${ROOT} ${source})
    string(MAKE_C_IDENTIFIER "of_${name}" name)
    file(READ ${source} text)
    string(REPLACE "\nnamespace {\n" "\nnamespace ${name} {\n" text "${text}")
    file(APPEND ${GROUP} "#line 1 \"${source}\"\n${text}")
  endforeach()
endif()
