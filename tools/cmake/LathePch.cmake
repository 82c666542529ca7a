# Precompiled headers: every library and test program takes the one that fits what it links, so that no CMakeLists.txt names one.
# Without them two thirds of the time that a small file takes to compile go into headers.
#
#                      without MLIR      with MLIR
#   libraries          lathe_pch         lathe_mlir_pch
#   test programs      lathe_test_pch    lathe_mlir_test_pch

# lathe_add_pch(lathe_mlir_pch HEADERS a.h b.h DEPS lathe_mlir): a target that holds the precompiled HEADERS. What it compiles with
# must be what its users do: lathe_flags or lathe_test_flags, and DEPS that bring include paths but no options.
function(lathe_add_pch NAME)
  cmake_parse_arguments(A "" "" "HEADERS;DEPS" ${ARGN})
  set(source ${PROJECT_BINARY_DIR}/gen/${NAME}.cc)
  file(GENERATE OUTPUT ${source} CONTENT "// Holds the precompiled header.\n")
  add_library(${NAME} STATIC ${source})
  target_link_libraries(${NAME} PRIVATE ${A_DEPS})
  target_precompile_headers(${NAME} PRIVATE ${A_HEADERS})
  target_compile_options(${NAME} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()

# Sets OUT to whether NAME or anything that it links is lathe_mlir.
function(lathe_links_mlir NAME OUT)
  if(NAME STREQUAL "lathe_mlir")
    set(${OUT} ON PARENT_SCOPE)
    return()
  endif()
  set(${OUT} OFF PARENT_SCOPE)
  if(NOT TARGET ${NAME})
    return()
  endif()
  get_target_property(known ${NAME} LATHE_LINKS_MLIR)
  if(known MATCHES "^(ON|OFF)$")
    set(${OUT} ${known} PARENT_SCOPE)
    return()
  endif()
  get_target_property(imported ${NAME} IMPORTED)
  if(imported)
    return()
  endif()
  get_target_property(real ${NAME} ALIASED_TARGET)
  if(real)
    set(NAME ${real})
  endif()
  set(found OFF)
  get_target_property(libraries ${NAME} LINK_LIBRARIES)
  get_target_property(interface ${NAME} INTERFACE_LINK_LIBRARIES)
  foreach(library IN LISTS libraries interface)
    lathe_links_mlir(${library} found)
    if(found)
      break()
    endif()
  endforeach()
  set_target_properties(${NAME} PROPERTIES LATHE_LINKS_MLIR ${found})
  set(${OUT} ${found} PARENT_SCOPE)
endfunction()

function(lathe_choose_pch TARGET KIND)
  lathe_links_mlir(${TARGET} mlir)
  if(mlir)
    set(KIND mlir_${KIND})
  endif()
  target_precompile_headers(${TARGET} REUSE_FROM lathe_${KIND}pch)
  target_compile_options(${TARGET} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  get_target_property(type ${TARGET} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # Programs are compiled with -fPIE otherwise, which the precompiled header of libraries refuses.
    set_target_properties(${TARGET} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${TARGET} PRIVATE -fPIC)
  endif()
endfunction()

# lathe_choose_pch_later(TARGET KIND): the choice is made at the end of the folder, when all that TARGET links is known. KIND is
# test_ or empty.
function(lathe_choose_pch_later TARGET KIND)
  # EVAL, since deferred arguments would be expanded after this function's variables are gone.
  cmake_language(EVAL CODE "cmake_language(DEFER CALL lathe_choose_pch [[${TARGET}]] [[${KIND}]])")
endfunction()
