//go:build tools

// Programs that the tests run, pinned in go.mod and checked against go.sum.
package clients

import (
	_ "github.com/fullstorydev/grpcurl/cmd/grpcurl"
	_ "github.com/rhysd/actionlint/cmd/actionlint"
	_ "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	_ "google.golang.org/protobuf/cmd/protoc-gen-go"
)
