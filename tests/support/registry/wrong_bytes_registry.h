// A registry whose artifacts are not what their names say, as a broken disk or proxy would have it:
// on a real channel, so that what a client does about it can be seen.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "common/rpc/server.h"
#include "fleetcast/registry/v1/artifact_service.grpc.pb.h"

namespace fleetcast::registry {

class WrongBytesRegistry final : public v1::ArtifactService::Service {
 public:
  explicit WrongBytesRegistry(std::string bytes) : bytes_(std::move(bytes)) {
    server_ = rpc::Server::Start({}, {this}).value();
  }
  ~WrongBytesRegistry() override { server_->Drain(); }

  std::shared_ptr<grpc::Channel> Channel() const {
    return grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  }

  grpc::Status DownloadArtifact(grpc::ServerContext*, const v1::DownloadArtifactRequest*,
                                grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) override {
    v1::DownloadArtifactResponse chunk;
    chunk.set_chunk(bytes_);
    writer->Write(chunk);
    return grpc::Status::OK;
  }

 private:
  const std::string bytes_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace fleetcast::registry
