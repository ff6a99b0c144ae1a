// How long GetProfile takes, one call at a time, for benchmarks/native.py: `latency TARGET USERS CALLS` prints JSON.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"time"

	foreword "foreword.example/foreword"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: latency TARGET USERS CALLS")
	}
	users, calls := number(os.Args[2]), number(os.Args[3])
	client, err := foreword.NewClient(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	// The first call connects.
	read(client, 0)
	took := make([]time.Duration, calls)
	for place := range took {
		began := time.Now()
		read(client, place*37%users)
		took[place] = time.Since(began)
	}
	slices.Sort(took)
	at := func(share float64) float64 { return float64(took[int(share*float64(calls-1))].Nanoseconds()) / 1000 }
	fmt.Printf("{\"p50_us\": %.2f, \"p99_us\": %.2f}\n", at(0.5), at(0.99))
}

func read(client *foreword.Client, user int) {
	if _, err := client.Profile(context.Background(), fmt.Sprintf("user-%09d", user)); err != nil {
		log.Fatal(err)
	}
}

func number(text string) int {
	found, err := strconv.Atoi(text)
	if err != nil || found < 1 {
		log.Fatalf("found %q; allowed: a number from 1", text)
	}
	return found
}
