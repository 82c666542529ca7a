# Compiler flags that all of our targets share, collected in one interface target, lathe_flags.
option(LATHE_WERROR "Treat warnings as errors" ON)
option(LATHE_USE_CCACHE "Use ccache when it is installed" OFF)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

# Dev: quick to compile, quick enough to run models in tests, assertions of our code and of MLIR's headers on.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1")
set(CMAKE_C_FLAGS_DEV "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Dev CACHE STRING "Dev or Release" FORCE)
endif()

if(LATHE_USE_CCACHE)
  find_program(LATHE_CCACHE ccache)
  if(LATHE_CCACHE)
    # Precompiled headers are only cached with these two sloppiness settings.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${LATHE_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${LATHE_CCACHE})
  endif()
endif()

find_program(LATHE_MOLD mold)
if(LATHE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(lathe_flags INTERFACE)
target_compile_options(lathe_flags INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -fno-exceptions
                       $<$<BOOL:${LATHE_WERROR}>:-Werror> -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_include_directories(lathe_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/gen)
if(LATHE_SANITIZE)
  target_compile_options(lathe_flags INTERFACE -fsanitize=${LATHE_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(lathe_flags INTERFACE -fsanitize=${LATHE_SANITIZE})
endif()

# Files of tests are compiled far more often than their loops run: optimising them takes half of their compile time.
add_library(lathe_test_flags INTERFACE)
target_link_libraries(lathe_test_flags INTERFACE lathe_flags)
target_compile_options(lathe_test_flags INTERFACE -O0)
