// Records what a user did, reads their foreword from the sidecar, and, given a store, in process.
//
//	go run ./example
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	foreword "foreword.example/foreword"
	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

func main() {
	target := os.Getenv("FOREWORD_TARGET")
	if target == "" {
		target = "127.0.0.1:7464"
	}
	client, err := foreword.NewClient(target)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()

	// With an id of your own, sending an event again is harmless: it counts once.
	event := &forewordv1.Event{EventId: "go-1", UserId: "ann", Type: "read", Topics: []string{"tests"}}
	if _, err := client.Record(ctx, event); err != nil {
		log.Print(err)
	}
	found, err := client.Foreword(ctx, "ann", foreword.MaxTokens(120))
	var refused *foreword.Error
	if errors.As(err, &refused) {
		log.Printf("%s %s", refused.Reason, refused.Field) // found is empty, and can be used all the same
	}
	fmt.Println(found.GetFreshness(), found.GetText())

	reader, err := foreword.OpenLocal(os.Getenv("FOREWORD_STORE"))
	if err != nil {
		log.Fatal(err)
	}
	defer reader.Close()
	fmt.Println("in process:", reader.Text("ada"))
}
