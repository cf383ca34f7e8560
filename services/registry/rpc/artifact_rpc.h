// ArtifactService: bytes into and out of ArtifactFiles, rows in an ArtifactStore.
#pragma once

#include "fleetcast/registry/v1/artifact_service.grpc.pb.h"
#include "services/registry/adapters/artifact_files.h"
#include "services/registry/domain/artifact_store.h"

namespace fleetcast::registry {

// Thread safe.
class ArtifactRpc final : public v1::ArtifactService::Service {
 public:
  // Both must outlive the service.
  ArtifactRpc(ArtifactStore* store, ArtifactFiles* files) : store_(*store), files_(*files) {}

  grpc::Status UploadArtifact(grpc::ServerContext* context,
                              grpc::ServerReader<v1::UploadArtifactRequest>* reader,
                              v1::Artifact* reply) override;
  grpc::Status DownloadArtifact(grpc::ServerContext* context,
                                const v1::DownloadArtifactRequest* request,
                                grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) override;
  grpc::Status ListArtifacts(grpc::ServerContext* context, const v1::ListArtifactsRequest* request,
                             v1::ListArtifactsResponse* reply) override;

 private:
  absl::StatusOr<v1::Artifact> Upload(grpc::ServerContext* context,
                                      grpc::ServerReader<v1::UploadArtifactRequest>* reader);
  absl::Status Download(grpc::ServerContext* context, const v1::DownloadArtifactRequest& request,
                        grpc::ServerWriter<v1::DownloadArtifactResponse>* writer);

  ArtifactStore& store_;
  ArtifactFiles& files_;
};

}  // namespace fleetcast::registry
