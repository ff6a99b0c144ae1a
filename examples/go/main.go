// Records what a user did, and reads their foreword from the sidecar.
//
//	go run . -user ann -address unix:/path/to/foreword.sock
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	forewordv1 "foreword.example/client/gen/foreword/v1"
)

func main() {
	log.SetFlags(0)
	address := flag.String("address", "127.0.0.1:7464", "the sidecar: unix:PATH or HOST:PORT")
	user := flag.String("user", "ann", "whose foreword")
	flag.Parse()

	// One connection serves all goroutines of a process; it reconnects by itself.
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()

	// An application should rather go without a foreword than wait for one.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()

	// With an id of your own, sending an event again is harmless: it counts once.
	event := &forewordv1.Event{EventId: "go-1", UserId: *user, Type: "read", Topics: []string{"tests"}}
	recorded, err := forewordv1.NewActivityServiceClient(connection).RecordEvents(ctx,
		&forewordv1.RecordEventsRequest{Events: []*forewordv1.Event{event}})
	if err != nil {
		log.Fatalf("%s: %v", reason(err), err)
	}
	for _, refused := range recorded.GetRefused() {
		log.Printf("%s: %s %s", refused.GetReason(), refused.GetField(), refused.GetMessage())
	}

	foreword, err := forewordv1.NewProfileServiceClient(connection).GetForeword(ctx,
		&forewordv1.GetForewordRequest{UserId: *user, MaxTokens: 120})
	if err != nil {
		log.Fatalf("%s: %v", reason(err), err)
	}
	fmt.Printf("%s revision %d, %d tokens\n%s\n",
		foreword.GetFreshness(), foreword.GetRevision(), foreword.GetTokenCount(), foreword.GetText())
}

// reason returns why the sidecar refused a call, as the value that a refused event has too. An error holds the name
// without its prefix: FIELD_INVALID for ERROR_REASON_FIELD_INVALID. Unspecified when no sidecar answered.
func reason(err error) forewordv1.ErrorReason {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == "foreword" {
			return forewordv1.ErrorReason(forewordv1.ErrorReason_value["ERROR_REASON_"+info.GetReason()])
		}
	}
	return forewordv1.ErrorReason_ERROR_REASON_UNSPECIFIED
}
