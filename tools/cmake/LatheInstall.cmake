# What `cmake --install build/release --prefix P --component C` puts where: runner, compiler, library. All of it may be moved
# afterwards: programs need nothing of the prefix, and the files of find_package and pkg-config are relative to themselves.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS lathe-run RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runner)

if(LATHE_BUILD_COMPILER)
  # Debian keeps libMLIR.so where no loader looks.
  set_target_properties(lathe PROPERTIES INSTALL_RPATH ${LLVM_LIBRARY_DIR})
  install(TARGETS lathe RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT compiler)
endif()

if(TARGET lathe_c_api)
  install(TARGETS lathe_c_api LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
  install(FILES ${PROJECT_SOURCE_DIR}/runtime/c_api/lathe.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)

  # Written by hand, since an exported target would ask its user for Abseil, which no header of ours shows.
  get_target_property(lathe_soversion lathe_c_api SOVERSION)
  set(lathe_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Lathe)
  configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/LatheConfig.cmake.in ${PROJECT_BINARY_DIR}/install/LatheConfig.cmake
                                INSTALL_DESTINATION ${lathe_package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/install/LatheConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/install/LatheConfig.cmake ${PROJECT_BINARY_DIR}/install/LatheConfigVersion.cmake
          DESTINATION ${lathe_package_dir} COMPONENT library)
  file(RELATIVE_PATH lathe_prefix_of_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/lathe.pc.in ${PROJECT_BINARY_DIR}/install/lathe.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/install/lathe.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
endif()
