include(GoogleTest)

# shoumi_library(<name> SOURCES ... [PUBLIC targets] [PRIVATE targets])
# A static library `shoumi_<name>`, one per folder. Sources are relative to the folder;
# includes are written from the root of the repository.
function(shoumi_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(shoumi_${name} STATIC ${ARG_SOURCES})
  target_include_directories(shoumi_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(shoumi_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  target_compile_options(shoumi_${name} PRIVATE ${SHOUMI_WARNINGS})
endfunction()

# shoumi_program(<file name> SOURCES ... LINK targets): an installed executable, also part of the
# aggregate target `shoumi_programs`.
if(NOT TARGET shoumi_programs)
  add_custom_target(shoumi_programs)
endif()
function(shoumi_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  target_compile_options(${name} PRIVATE ${SHOUMI_WARNINGS})
  target_compile_definitions(${name} PRIVATE SHOUMI_VERSION="${PROJECT_VERSION}")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  add_dependencies(shoumi_programs ${name})
endfunction()

# shoumi_test(<name> SOURCES ... LINK targets [LABELS ...] [TIMEOUT seconds])
# A GoogleTest program. SHOUMI_SOURCE_DIR and SHOUMI_BIN_DIR are defined for it.
function(shoumi_test name)
  if(NOT SHOUMI_BUILD_TESTS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${SHOUMI_WARNINGS} -Wno-null-dereference)
  target_compile_definitions(${name} PRIVATE
    SHOUMI_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SHOUMI_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  # Only those with a value: an empty one would take the next property's name for its own.
  set(properties TIMEOUT ${ARG_TIMEOUT})
  if(ARG_LABELS)
    list(APPEND properties LABELS "${ARG_LABELS}")
  endif()
  if(SHOUMI_TEST_ENVIRONMENT)
    list(APPEND properties ENVIRONMENT "${SHOUMI_TEST_ENVIRONMENT}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES ${properties})
endfunction()
