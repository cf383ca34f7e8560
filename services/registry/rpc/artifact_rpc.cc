#include "services/registry/rpc/artifact_rpc.h"

#include <chrono>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/sha256.h"
#include "common/base/status.h"
#include "common/rpc/request.h"
#include "services/registry/rpc/answer.h"

namespace fleetcast::registry {
namespace {

using UploadReader = grpc::ServerReader<v1::UploadArtifactRequest>;

v1::Artifact ToProto(const Artifact& artifact) {
  v1::Artifact proto;
  proto.set_name(ArtifactNameText(artifact.sha256));
  proto.set_sha256(artifact.sha256);
  proto.set_size_bytes(artifact.size_bytes);
  proto.set_media_type(artifact.media_type);
  proto.set_file_name(artifact.file_name);
  *proto.mutable_create_time() = TimeToProto(artifact.create_time);
  return proto;
}

// A stream holds a file and a thread; without a deadline a silent client would hold them for ever.
absl::Status CheckDeadline(const grpc::ServerContext& context) {
  if (context.deadline() != std::chrono::system_clock::time_point::max()) return absl::OkStatus();
  return Refused(absl::StatusCode::kInvalidArgument, "DEADLINE_REQUIRED",
                 "the call has no deadline; artifact streams need one (grpcurl: -max-time 60)");
}

absl::Status Cancelled() {
  return Refused(absl::StatusCode::kCancelled, "STREAM_CANCELLED",
                 "the stream ended early; nothing was stored: send it again");
}

absl::StatusOr<v1::ArtifactMetadata> ReadMetadata(UploadReader* reader) {
  v1::UploadArtifactRequest message;
  if (reader->Read(&message) && message.has_metadata()) return message.metadata();
  return InvalidField("metadata", "must come in the first message and only there");
}

absl::StatusOr<ArtifactUpload> UploadFromProto(const v1::ArtifactMetadata& metadata) {
  ArtifactUpload upload;
  if (!metadata.run().empty()) {
    FLEETCAST_ASSIGN_OR_RETURN(upload.run, ParseRunName("metadata.run", metadata.run()));
  }
  upload.file_name = metadata.file_name();
  upload.media_type =
      metadata.media_type().empty() ? "application/octet-stream" : metadata.media_type();
  upload.declared_sha256 = metadata.sha256();
  upload.declared_size_bytes = metadata.size_bytes();
  FLEETCAST_RETURN_IF_ERROR(CheckUpload(upload));
  return upload;
}

absl::Status ReadChunks(UploadReader* reader, ArtifactWriter& writer) {
  v1::UploadArtifactRequest message;
  while (reader->Read(&message)) {
    if (!message.has_chunk()) {
      return InvalidField("chunk", "must come in every message but the first");
    }
    if (message.chunk().size() > kMaxChunkBytes) {
      return InvalidField("chunk", absl::StrCat("has ", message.chunk().size(), " bytes; at most ",
                                                kMaxChunkBytes, " are allowed"));
    }
    FLEETCAST_RETURN_IF_ERROR(writer.Append(message.chunk()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Artifact> ArtifactRpc::Upload(grpc::ServerContext* context,
                                                 UploadReader* reader) {
  FLEETCAST_RETURN_IF_ERROR(CheckDeadline(*context));
  FLEETCAST_ASSIGN_OR_RETURN(const auto metadata, ReadMetadata(reader));
  FLEETCAST_ASSIGN_OR_RETURN(auto identity, rpc::IdentifyRequest("UploadArtifact", metadata));
  FLEETCAST_ASSIGN_OR_RETURN(const auto upload, UploadFromProto(metadata));
  FLEETCAST_ASSIGN_OR_RETURN(const auto writer, files_.Write());
  FLEETCAST_RETURN_IF_ERROR(ReadChunks(reader, *writer));
  FLEETCAST_ASSIGN_OR_RETURN(const StoredBytes stored, writer->Seal());
  // A broken connection ends the messages just as a client does that is done.
  if (context->IsCancelled()) return Cancelled();
  FLEETCAST_RETURN_IF_ERROR(CheckDeclared(upload, stored.sha256, stored.size_bytes));
  FLEETCAST_RETURN_IF_ERROR(writer->Keep());
  identity.fingerprint = Sha256Hex(identity.fingerprint + stored.sha256);
  FLEETCAST_ASSIGN_OR_RETURN(const auto artifact, store_.Record(identity,
                                                                {.sha256 = stored.sha256,
                                                                 .size_bytes = stored.size_bytes,
                                                                 .media_type = upload.media_type,
                                                                 .file_name = upload.file_name},
                                                                upload.run));
  return ToProto(artifact);
}

grpc::Status ArtifactRpc::UploadArtifact(grpc::ServerContext* context, UploadReader* reader,
                                         v1::Artifact* reply) {
  return Answer(reply, [&] { return Upload(context, reader); });
}

absl::Status ArtifactRpc::Download(grpc::ServerContext* context,
                                   const v1::DownloadArtifactRequest& request,
                                   grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) {
  FLEETCAST_RETURN_IF_ERROR(CheckDeadline(*context));
  FLEETCAST_ASSIGN_OR_RETURN(const auto sha256, ParseArtifactName("name", request.name()));
  FLEETCAST_ASSIGN_OR_RETURN(const auto artifact, store_.Get(sha256));
  FLEETCAST_ASSIGN_OR_RETURN(const auto file, files_.Read(sha256));
  v1::DownloadArtifactResponse message;
  *message.mutable_artifact() = ToProto(artifact);
  while (writer->Write(message)) {
    FLEETCAST_ASSIGN_OR_RETURN(std::string bytes, file->Next(kMaxChunkBytes));
    if (bytes.empty()) return absl::OkStatus();
    message.set_chunk(std::move(bytes));
  }
  return Cancelled();
}

grpc::Status ArtifactRpc::DownloadArtifact(
    grpc::ServerContext* context, const v1::DownloadArtifactRequest* request,
    grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) {
  return rpc::ToGrpc(Download(context, *request, writer));
}

grpc::Status ArtifactRpc::ListArtifacts(grpc::ServerContext* /*context*/,
                                        const v1::ListArtifactsRequest* request,
                                        v1::ListArtifactsResponse* reply) {
  return Answer(reply, [&]() -> absl::StatusOr<v1::ListArtifactsResponse> {
    const std::string binding = rpc::PageBinding("ListArtifacts", *request);
    std::optional<RunName> run;
    if (!request->run().empty()) {
      FLEETCAST_ASSIGN_OR_RETURN(run, ParseRunName("run", request->run()));
    }
    FLEETCAST_ASSIGN_OR_RETURN(auto page_request,
                               ParsePage(request->page_size(), request->page_token(), binding));
    FLEETCAST_ASSIGN_OR_RETURN(auto page, store_.List(run, page_request));
    v1::ListArtifactsResponse response;
    for (const Artifact& artifact : page.items) *response.add_artifacts() = ToProto(artifact);
    response.set_next_page_token(MakePageToken(page.next_after, binding));
    return response;
  });
}

}  // namespace fleetcast::registry
