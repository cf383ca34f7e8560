// A server with health and nothing else, which stands for each of the four services where only
// their processes matter. It takes any setting.
#include <iostream>
#include <string>

#include "common/base/log.h"
#include "common/rpc/server.h"

int main(int argc, char** argv) {
  fleetcast::rpc::BlockShutdownSignals();
  fleetcast::StartLogging("plain", fleetcast::LogLevel::kInfo);
  fleetcast::rpc::ServerOptions options;
  const std::string listen = "--listen=";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.starts_with(listen)) options.listen = argument.substr(listen.size());
    if (argument == "--fail=true") {
      std::cerr << "this setting makes it fail\n";
      return 1;
    }
  }
  const auto server = fleetcast::rpc::Server::Start(options, {});
  if (!server.ok()) {
    std::cerr << server.status() << "\n";
    return 1;
  }
  fleetcast::rpc::WaitForShutdownSignal();
  (*server)->Drain();
}
