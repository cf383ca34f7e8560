# How targets are made here. Link lines enforce the layers: a target sees only the
# headers of what it names in DEPS.

# Designated initializers may leave members out: they have their defaults.
set(FLEETCAST_WARNINGS -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers)
if(FLEETCAST_UNITS)
  # What a .cc file keeps to itself may be a member of what else it defines; in a unit gcc takes the
  # file for a header, of which that is not true.
  list(APPEND FLEETCAST_WARNINGS -Wno-subobject-linkage)
endif()
set(FLEETCAST_GEN_DIR ${CMAKE_BINARY_DIR}/gen)

# _fleetcast_units(OUT NAME BEFORE AFTER file…): sets OUT to files that include up to five of these
# each, between the lines BEFORE and AFTER. Half of what a file costs is headers and the templates
# that its neighbours instantiate too. Paths are relative to include folders, so that ccache finds a
# unit compiled in another checkout.
function(_fleetcast_units out name before after)
  set(units "")
  list(LENGTH ARGN count)
  math(EXPR last "${count} - 1")
  foreach(begin RANGE 0 ${last} 5)
    list(SUBLIST ARGN ${begin} 5 batch)
    set(content "")
    foreach(file ${batch})
      string(MAKE_C_IDENTIFIER ${file} id)
      string(CONFIGURE "${before}" first @ONLY)
      string(APPEND content "${first}#include \"${file}\"\n${after}")
    endforeach()
    set(unit ${CMAKE_BINARY_DIR}/units/${name}_${begin}.cc)
    file(CONFIGURE OUTPUT ${unit} CONTENT "${content}" @ONLY)
    list(APPEND units ${unit})
  endforeach()
  set(${out} ${units} PARENT_SCOPE)
endfunction()

# _fleetcast_in_units(LIST NAME): makes units of the target's sources in LIST, where there are several.
function(_fleetcast_in_units sources name)
  list(LENGTH ${sources} count)
  if(FLEETCAST_UNITS AND count GREATER 1)
    list(TRANSFORM ${sources} PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ REGEX "^[^/]")
    list(TRANSFORM ${sources} REPLACE "^${CMAKE_SOURCE_DIR}/" "")
    _fleetcast_units(${sources} ${name} "" "" ${${sources}})
    set(${sources} ${${sources}} PARENT_SCOPE)
  endif()
endfunction()

# fleetcast_library(NAME SOURCES a.cc… DEPS public… [PRIVATE_DEPS …] [ALONE b.cc…]): ALONE are
# sources that do not share a unit with others: with compile options of their own, say. Adapters
# never do: each calls another package v1.
function(fleetcast_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS;ALONE" ${ARGN})
  if(NOT name MATCHES "_(adapters|fakes)$")
    _fleetcast_in_units(ARG_SOURCES ${name})
  endif()
  add_library(${name} STATIC ${ARG_SOURCES} ${ARG_ALONE})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
  target_compile_options(${name} PRIVATE ${FLEETCAST_WARNINGS})
endfunction()

# fleetcast_binary(NAME SOURCES main.cc DEPS …): a program that a running system needs.
function(fleetcast_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES} ${FLEETCAST_SANITIZER_OBJECTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  target_compile_options(${name} PRIVATE ${FLEETCAST_WARNINGS})
  add_dependencies(fleetcast_binaries ${name})
endfunction()

# fleetcast_test(NAME LABEL unit|contract|integration|e2e SOURCES … DEPS … [ALONE …] [COST …]):
# one GoogleTest binary, one CTest entry. It runs in the build's bin folder's parent, finds
# the built programs through FLEETCAST_BIN_DIR and the checkout through FLEETCAST_SOURCE_DIR.
# COST is about how many seconds it takes where that is many: such a test begins early.
function(fleetcast_test name)
  cmake_parse_arguments(ARG "" "LABEL;COST" "SOURCES;DEPS;ALONE" ${ARGN})
  _fleetcast_in_units(ARG_SOURCES ${name})
  add_executable(${name} ${ARG_SOURCES} ${ARG_ALONE} ${FLEETCAST_SANITIZER_OBJECTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${FLEETCAST_WARNINGS} ${FLEETCAST_TEST_OPTIMIZATION})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name}
    COMMAND ${name} --gtest_output=xml:${CMAKE_BINARY_DIR}/test-results/${name}.xml)
  # Half an hour is for what hangs; a slow or busy machine is no failure.
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 1800
    ENVIRONMENT "FLEETCAST_BIN_DIR=${CMAKE_BINARY_DIR}/bin;FLEETCAST_SOURCE_DIR=${CMAKE_SOURCE_DIR}")
  if(ARG_COST)
    set_tests_properties(${name} PROPERTIES COST ${ARG_COST})
  endif()
endfunction()

# fleetcast_bench(forecast_bench SOURCES … DEPS …): a program under tests/bench that prints ratios,
# and with `-o json` one JSON object a line.
function(fleetcast_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  target_compile_options(${name} PRIVATE ${FLEETCAST_WARNINGS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  add_dependencies(benchmarks ${name})
endfunction()

# Compiles .proto files under `root` into one static library.
function(_fleetcast_compile_protos name root with_grpc)
  set(outputs "")
  foreach(file ${ARGN})
    string(REPLACE ".proto" "" stem ${file})
    set(generated ${FLEETCAST_GEN_DIR}/${stem}.pb.cc ${FLEETCAST_GEN_DIR}/${stem}.pb.h)
    set(grpc_arguments "")
    if(with_grpc)
      file(STRINGS ${root}/${file} has_service REGEX "^service ")
      if(has_service)
        list(APPEND generated ${FLEETCAST_GEN_DIR}/${stem}.grpc.pb.cc ${FLEETCAST_GEN_DIR}/${stem}.grpc.pb.h)
        set(grpc_arguments --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} --grpc_out=${FLEETCAST_GEN_DIR})
      endif()
    endif()
    add_custom_command(OUTPUT ${generated}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${FLEETCAST_GEN_DIR}
      COMMAND ${PROTOC} -I${root} -I${CMAKE_SOURCE_DIR}/proto -I${GOOGLEAPIS_DIR}
              --cpp_out=${FLEETCAST_GEN_DIR} ${grpc_arguments} ${root}/${file}
      DEPENDS ${root}/${file} VERBATIM)
    list(APPEND outputs ${generated})
  endforeach()
  set(sources ${outputs})
  if(FLEETCAST_UNITS)
    list(FILTER sources INCLUDE REGEX "\\.cc$")
    list(TRANSFORM sources REPLACE "^${FLEETCAST_GEN_DIR}/" "")
    # Two names that protoc gives in every file; the headers that have them too come first.
    _fleetcast_units(sources ${name}
      "#include <google/protobuf/generated_message_reflection.h>
#define schemas schemas_of_@id@
#define file_default_instances file_default_instances_of_@id@
" "#undef schemas
#undef file_default_instances
" ${sources})
    set_source_files_properties(${sources} PROPERTIES OBJECT_DEPENDS "${outputs}")
  endif()
  add_library(${name} STATIC ${sources})
  if(FLEETCAST_SANITIZE STREQUAL "address")
    # Not instrumented, and so what ccache has from the ordinary build. For "thread" all that may
    # take part in an order has to be seen.
    set_property(TARGET ${name} PROPERTY COMPILE_OPTIONS "")
  endif()
  add_custom_target(${name}_sources DEPENDS ${outputs})
  add_dependencies(generated_sources ${name}_sources)
  add_dependencies(${name} ${name}_sources)
  target_include_directories(${name} SYSTEM PUBLIC ${FLEETCAST_GEN_DIR})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf PkgConfig::GRPCPP)
  if(with_grpc)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
    target_compile_options(${name} PRIVATE -include common/rpc/request_bytes.h)
    target_link_libraries(${name} PUBLIC common_rpc)
  endif()
endfunction()

function(fleetcast_google_rpc_library)
  _fleetcast_compile_protos(proto_google_rpc ${GOOGLEAPIS_DIR} FALSE
    google/rpc/status.proto google/rpc/error_details.proto)
endfunction()

# fleetcast_proto_library(config) makes proto_config from proto/fleetcast/config/v1/*.proto.
function(fleetcast_proto_library package)
  file(GLOB files RELATIVE ${CMAKE_SOURCE_DIR}/proto CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/proto/fleetcast/${package}/v1/*.proto)
  if(files)
    _fleetcast_compile_protos(proto_${package} ${CMAKE_SOURCE_DIR}/proto TRUE ${files})
    target_link_libraries(proto_${package} PUBLIC proto_google_rpc)
  endif()
endfunction()

# fleetcast_protoset(): fleetcast.protoset, every service's descriptors with those of error details
# and health, for callers that cannot or may not ask a server by reflection.
function(fleetcast_protoset)
  set(protoset ${CMAKE_BINARY_DIR}/fleetcast.protoset)
  file(GLOB_RECURSE files RELATIVE ${CMAKE_SOURCE_DIR}/proto CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/proto/*.proto)
  set(sources ${files})
  list(TRANSFORM sources PREPEND ${CMAKE_SOURCE_DIR}/proto/)
  add_custom_command(OUTPUT ${protoset}
    COMMAND ${PROTOC} -I${CMAKE_SOURCE_DIR}/proto -I${CMAKE_SOURCE_DIR}/common/rpc/proto
            -I${GOOGLEAPIS_DIR} --include_imports --include_source_info
            --descriptor_set_out=${protoset} ${files} grpc/health/v1/health.proto
            google/rpc/status.proto google/rpc/error_details.proto
    DEPENDS ${sources} ${CMAKE_SOURCE_DIR}/common/rpc/proto/grpc/health/v1/health.proto VERBATIM)
  add_custom_target(protoset ALL DEPENDS ${protoset})
  add_dependencies(fleetcast_binaries protoset)
endfunction()

# fleetcast_embed_migrations(NAME SCHEMA): turns deploy/postgres/<schema>/V017__name.sql files
# into a library with `<schema>Migrations()`, so that no binary looks for SQL beside itself. A line
# `\ir ../common/file.sql` (psql's own word) stands for that file: what several schemas have alike
# is written once.
function(fleetcast_embed_migrations name schema)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/deploy/postgres/${schema}/V*.sql)
  set(source ${CMAKE_BINARY_DIR}/gen/migrations_${schema}.cc)
  set(entries "")
  foreach(file ${files})
    get_filename_component(stem ${file} NAME_WE)
    if(NOT stem MATCHES "^V([0-9]+)__(.+)$")
      message(FATAL_ERROR "${file}: a migration is called V017__what_it_does.sql")
    endif()
    math(EXPR version "${CMAKE_MATCH_1}")
    set(what ${CMAKE_MATCH_2})
    file(READ ${file} sql)
    while(sql MATCHES "\\\\ir ([^\n]+)\n")
      set(line "${CMAKE_MATCH_0}")
      get_filename_component(included ${CMAKE_SOURCE_DIR}/deploy/postgres/${schema}/${CMAKE_MATCH_1}
        ABSOLUTE)
      file(READ ${included} text)
      string(REPLACE "${line}" "${text}" sql "${sql}")
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${included})
    endwhile()
    string(APPEND entries "      {${version}, \"${what}\", R\"__sql__(${sql})__sql__\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  endforeach()
  file(CONFIGURE OUTPUT ${source} CONTENT
"#include \"common/db/migrator.h\"

namespace fleetcast::db {
std::vector<Migration> @schema@Migrations();
std::vector<Migration> @schema@Migrations() {
  return {
@entries@  };
}
}  // namespace fleetcast::db
" @ONLY)
  fleetcast_library(${name} SOURCES ${source} DEPS common_db)
endfunction()
