// Reads the feed's own message in a reader's profile, typed.
//
//	go run . -user ada
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	acmev1 "acme.example/feed/gen/acme/v1"
	forewordv1 "acme.example/feed/gen/foreword/v1"
)

func main() {
	log.SetFlags(0)
	address := flag.String("address", "127.0.0.1:7464", "the sidecar: unix:PATH or HOST:PORT")
	user := flag.String("user", "ada", "whose feed")
	flag.Parse()

	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer connection.Close()

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()

	answer, err := forewordv1.NewProfileServiceClient(connection).GetProfile(ctx,
		&forewordv1.GetProfileRequest{UserId: *user})
	if err != nil {
		log.Fatal(err)
	}
	feed := &acmev1.FeedProfile{}
	if product := answer.GetProfile().GetProduct(); !product.MessageIs(feed) {
		log.Fatal("no product yet")
	} else if err := product.UnmarshalTo(feed); err != nil {
		log.Fatal(err)
	}
	for _, boost := range feed.GetBoosts() {
		fmt.Printf("boost %s x %.2f\n", boost.GetTopic(), boost.GetWeight())
	}
	fmt.Println("show only:", strings.Join(feed.GetFormats(), ", "))
}
