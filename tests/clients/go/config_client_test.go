// The config service through the client that protoc generates for Go.
package clients

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"fleetcast.example/clients/configpb"
)

const missing = "plants/P001/circuits/C999"

// dial connects to the service that FLEETCAST_CONFIG_TARGET names.
func dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	target := os.Getenv("FLEETCAST_CONFIG_TARGET")
	if target == "" {
		t.Fatal("FLEETCAST_CONFIG_TARGET must name the config service, host:port")
	}
	connection, err := grpc.Dial(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

// connect returns a client of the service and a context for its calls.
func connect(t *testing.T) (configpb.ConfigServiceClient, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return configpb.NewConfigServiceClient(dial(t)), ctx
}

// list returns the names of all circuits that match, and how many pages they came in.
func list(t *testing.T, filter string, pageSize int32) (names []string, pages int) {
	t.Helper()
	client, ctx := connect(t)
	request := &configpb.ListCircuitsRequest{Parent: "plants/-", Filter: filter, PageSize: pageSize}
	for pages == 0 || request.PageToken != "" {
		page, err := client.ListCircuits(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		for _, circuit := range page.Circuits {
			names = append(names, circuit.Name)
		}
		request.PageToken = page.NextPageToken
		pages++
	}
	return names, pages
}

func TestPagesHoldEveryCircuitOnce(t *testing.T) {
	whole, onePage := list(t, "", 0)
	parts, pages := list(t, "", 2)
	if len(whole) != 5 || onePage != 1 || pages != 3 {
		t.Errorf("%d circuits in %d page, and in %d pages of 2", len(whole), onePage, pages)
	}
	if fmt.Sprint(parts) != fmt.Sprint(whole) {
		t.Errorf("pages of 2 hold %v, one page holds %v", parts, whole)
	}
}

func TestFilterKeepsTheCircuitsThatMatch(t *testing.T) {
	names, _ := list(t, `display_name:"Furnace"`, 0)
	if strings.Join(names, " ") != "plants/P002/circuits/C002" {
		t.Errorf("the furnace's circuit is P002/C002, not %v", names)
	}
}

func TestChangesAreTyped(t *testing.T) {
	client, ctx := connect(t)
	changes, err := client.DetectChanges(ctx, &configpb.DetectChangesRequest{
		BaseRevision: "origin/main", HeadRevision: "my-branch"})
	if err != nil {
		t.Fatal(err)
	}
	var retrain []string
	for _, change := range changes.Changes {
		if change.Effect == configpb.CircuitChange_EFFECT_RETRAIN {
			retrain = append(retrain, change.PlantId+"/"+change.CircuitId+" "+change.CutoffDate)
		}
	}
	if strings.Join(retrain, ", ") != "P001/C002 2025-12-16" {
		t.Errorf("my-branch retrains P001/C002 alone, not %v", retrain)
	}
}

func TestNotFoundCarriesErrorInfoAndResourceInfo(t *testing.T) {
	client, ctx := connect(t)
	_, err := client.GetCircuit(ctx, &configpb.GetCircuitRequest{Name: missing})
	if status.Code(err) != codes.NotFound {
		t.Fatalf("want NOT_FOUND, got %v", err)
	}
	var info *errdetails.ErrorInfo
	var resource *errdetails.ResourceInfo
	for _, detail := range status.Convert(err).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			info = detail
		case *errdetails.ResourceInfo:
			resource = detail
		}
	}
	if info.GetDomain() != "fleetcast" || info.GetReason() != "RESOURCE_NOT_FOUND" ||
		info.GetMetadata()["resource_name"] != missing {
		t.Errorf("ErrorInfo: %v", info)
	}
	if resource.GetResourceType() != "Circuit" || resource.GetResourceName() != missing {
		t.Errorf("ResourceInfo: %v", resource)
	}
}

// Watch has no end of its own, so that it is the deadline that ends it.
func TestDeadlineEndsAStream(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	stream, err := healthpb.NewHealthClient(dial(t)).Watch(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil || answer.Status != healthpb.HealthCheckResponse_SERVING {
		t.Fatalf("want SERVING, got %v, %v", answer, err)
	}
	if _, err = stream.Recv(); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("want DEADLINE_EXCEEDED, got %v", err)
	}
}
