#include "tests/support/silent_postgres.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fleetcast::testing {
namespace {

using std::string_view_literals::operator""sv;

// AuthenticationOk, the server's version, ReadyForQuery outside a transaction.
constexpr std::string_view kLoggedIn =
    "R\0\0\0\x08\0\0\0\0"
    "S\0\0\0\x18server_version\0"
    "15.0\0"
    "Z\0\0\0\x05I"sv;

}  // namespace

SilentPostgres::SilentPostgres(Answers answers)
    : answers_(answers), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, any, length) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, any, &length) != 0) {
    std::perror("silent Postgres");
    std::exit(EXIT_FAILURE);
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Serve(); });
}

SilentPostgres::~SilentPostgres() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::string SilentPostgres::dsn() const {
  return absl::StrCat("host=127.0.0.1 port=", port_,
                      " user=u dbname=d sslmode=disable gssencmode=disable");
}

void SilentPostgres::Serve() {
  std::vector<int> peers;
  for (int peer; (peer = accept(listener_, nullptr, nullptr)) >= 0; peers.push_back(peer)) {
    if (answers_ == Answers::kNothing) continue;
    char startup[1024];
    if (recv(peer, startup, sizeof startup, 0) <= 0) continue;
    ++logins_;
    send(peer, kLoggedIn.data(), kLoggedIn.size(), MSG_NOSIGNAL);
  }
  for (const int peer : peers) close(peer);
}

}  // namespace fleetcast::testing
