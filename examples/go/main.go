// Reads one user's foreword from the sidecar.
//
//	go run . -user ann -address unix:/path/to/foreword.sock
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	forewordv1 "foreword.example/client/gen/foreword/v1"
)

func main() {
	address := flag.String("address", "127.0.0.1:7464", "the sidecar: unix:PATH or HOST:PORT")
	user := flag.String("user", "ann", "whose foreword")
	flag.Parse()

	// One connection serves all goroutines of a process; it reconnects by itself.
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()

	// An agent should rather go without a foreword than wait for one.
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	foreword, err := forewordv1.NewProfileServiceClient(connection).GetForeword(ctx,
		&forewordv1.GetForewordRequest{UserId: *user, MaxTokens: 120})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s revision %d, %d tokens\n%s\n",
		foreword.GetFreshness(), foreword.GetRevision(), foreword.GetTokenCount(), foreword.GetText())
}
