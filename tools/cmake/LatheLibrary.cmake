# lathe_library, lathe_proto_library, lathe_binary, lathe_test: the only ways in which targets are made.

# Reads test/structure/layers.txt once: "folder: prefix prefix ..." names the layers that a folder may see.
file(STRINGS ${PROJECT_SOURCE_DIR}/test/structure/layers.txt LATHE_LAYERS REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${PROJECT_SOURCE_DIR}/test/structure/layers.txt)

# Stops the configuration when FOLDER may not see the folder of the library DEP (lathe::a_b lives where its target was made).
function(lathe_check_layer NAME FOLDER DEP)
  string(REPLACE "lathe::" "" dep_target "${DEP}")
  if(NOT TARGET ${dep_target})
    return()
  endif()
  get_target_property(dep_folder ${dep_target} LATHE_FOLDER)
  if(NOT dep_folder OR dep_folder STREQUAL FOLDER)
    return()
  endif()
  set(best "")
  set(allowed "")
  foreach(line IN LISTS LATHE_LAYERS)
    string(REGEX MATCH "^([a-z0-9_/]+):(.*)$" ok "${line}")
    set(layer ${CMAKE_MATCH_1})
    set(sees ${CMAKE_MATCH_2})
    string(LENGTH "${layer}" length)
    string(LENGTH "${best}" best_length)
    if("${FOLDER}/" MATCHES "^${layer}/" AND length GREATER best_length)
      set(best ${layer})
      set(allowed ${sees})
    endif()
  endforeach()
  separate_arguments(allowed)
  foreach(prefix IN LISTS allowed)
    if(prefix STREQUAL "all" OR "${dep_folder}/" MATCHES "^${prefix}/")
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "${NAME} in ${FOLDER} may not depend on ${DEP} in ${dep_folder} "
                      "(test/structure/layers.txt, line '${best}:')")
endfunction()

# lathe_library(NAME runtime_state SRCS a.cc HDRS a.h DEPS lathe::x PRIVATE_DEPS y)
# One library a folder; its alias is lathe::NAME. Without SRCS it is an interface library.
function(lathe_library)
  cmake_parse_arguments(A "" "NAME" "SRCS;HDRS;DEPS;PRIVATE_DEPS" ${ARGN})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(dep IN LISTS A_DEPS A_PRIVATE_DEPS)
    if(dep MATCHES "^lathe::")
      lathe_check_layer(${A_NAME} ${folder} ${dep})
    endif()
  endforeach()
  if(A_SRCS)
    add_library(${A_NAME} STATIC ${A_SRCS} ${A_HDRS})
    target_link_libraries(${A_NAME} PUBLIC ${A_DEPS} PRIVATE lathe_flags ${A_PRIVATE_DEPS})
  else()
    add_library(${A_NAME} INTERFACE)
    target_link_libraries(${A_NAME} INTERFACE ${A_DEPS})
  endif()
  set_target_properties(${A_NAME} PROPERTIES LATHE_FOLDER ${folder})
  add_library(lathe::${A_NAME} ALIAS ${A_NAME})
endfunction()

# lathe_proto_library(NAME artifact_proto SRCS artifact.proto): generated code for the lite runtime.
function(lathe_proto_library)
  cmake_parse_arguments(A "" "NAME" "SRCS" ${ARGN})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  set(gen ${PROJECT_BINARY_DIR}/gen)
  set(sources "")
  foreach(proto IN LISTS A_SRCS)
    get_filename_component(stem ${proto} NAME_WE)
    set(out ${gen}/${folder}/${stem}.pb)
    add_custom_command(
      OUTPUT ${out}.cc ${out}.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${gen}
      COMMAND protobuf::protoc --proto_path=${PROJECT_SOURCE_DIR} --cpp_out=${gen} ${folder}/${proto}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${proto} protobuf::protoc
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    list(APPEND sources ${out}.cc)
  endforeach()
  add_library(${A_NAME} STATIC ${sources})
  target_include_directories(${A_NAME} SYSTEM PUBLIC ${gen})
  target_link_libraries(${A_NAME} PUBLIC protobuf::libprotobuf-lite)
  set_target_properties(${A_NAME} PROPERTIES LATHE_FOLDER ${folder})
  add_library(lathe::${A_NAME} ALIAS ${A_NAME})
endfunction()

# lathe_binary(NAME lathe-run SRCS main.cc DEPS lathe::x)
function(lathe_binary)
  cmake_parse_arguments(A "" "NAME" "SRCS;DEPS" ${ARGN})
  add_executable(${A_NAME} ${A_SRCS})
  target_link_libraries(${A_NAME} PRIVATE lathe_flags ${A_DEPS})
endfunction()

# lathe_reuse_pch(TARGET x PCH y): x compiles with the precompiled header of the library y, whose options must be its own.
function(lathe_reuse_pch TARGET PCH)
  target_precompile_headers(${TARGET} REUSE_FROM ${PCH})
  target_compile_options(${TARGET} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  get_target_property(type ${TARGET} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # Programs are compiled with -fPIE otherwise, which the precompiled header of libraries refuses.
    set_target_properties(${TARGET} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${TARGET} PRIVATE -fPIC)
  endif()
endfunction()

# Called at the end of a test folder: a program that took no other precompiled header takes that of GoogleTest, which is two thirds of
# the time that a small test file takes to compile.
function(lathe_use_test_pch TARGET)
  get_target_property(reused ${TARGET} PRECOMPILE_HEADERS_REUSE_FROM)
  if(NOT reused)
    lathe_reuse_pch(${TARGET} lathe_test_pch)
  endif()
endfunction()

# lathe_test(NAME base_strings SRCS strings_test.cc LABEL fast DEPS lathe::x)
# A GoogleTest program, one CTest test a program; LATHE_SOURCE_DIR and LATHE_SHARED_DATA are in its environment.
function(lathe_test)
  cmake_parse_arguments(A "" "NAME;LABEL;TIMEOUT" "SRCS;DEPS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 300)
  endif()
  add_executable(${A_NAME}_test ${A_SRCS})
  target_link_libraries(${A_NAME}_test PRIVATE lathe_flags lathe::test_support GTest::gmock GTest::gtest
                        ${A_DEPS})
  # EVAL, since deferred arguments would be expanded after this function's variables are gone.
  cmake_language(EVAL CODE "cmake_language(DEFER CALL lathe_use_test_pch [[${A_NAME}_test]])")
  add_test(NAME ${A_NAME} COMMAND ${A_NAME}_test)
  set_tests_properties(${A_NAME} PROPERTIES LABELS "${A_LABEL}" TIMEOUT ${A_TIMEOUT} ENVIRONMENT
    "LATHE_SOURCE_DIR=${PROJECT_SOURCE_DIR};LATHE_BINARY_DIR=${PROJECT_BINARY_DIR};LATHE_SHARED_DATA=${PROJECT_SOURCE_DIR}/../shared/data;ASAN_OPTIONS=allow_user_poisoning=0:detect_container_overflow=0")
endfunction()
