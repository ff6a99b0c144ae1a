// Reads as Go clients make them, for benchmarks/rivals.py.
//
// `reads serve unix:PATH BYTES` answers every call with so many bytes. `reads KIND ADDRESS USERS` prints "ready", and
// then a line of figures for each line of JSON that comes in.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"
)

const batchUsers = 100

type asked struct {
	Read     string  `json:"read"`
	InFlight int     `json:"in_flight"`
	Seconds  float64 `json:"seconds"`
}

type figures struct {
	CallsASecond float64 `json:"calls_a_second"`
	P50          float64 `json:"p50_us"`
	P99          float64 `json:"p99_us"`
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: reads KIND ADDRESS USERS, or reads serve ADDRESS BYTES")
	}
	number, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	if os.Args[1] == "serve" {
		log.Fatal(serveConstant(os.Args[2], number))
	}
	client, err := open(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var request asked
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			log.Fatal(err)
		}
		found, err := measure(client, request, number)
		if err != nil {
			log.Fatal(err)
		}
		line, _ := json.Marshal(found)
		fmt.Println(string(line))
	}
}

func measure(client reads, request asked, users int) (figures, error) {
	var (
		all    []time.Duration
		failed error
		guard  sync.Mutex
		ended  sync.WaitGroup
	)
	began := time.Now()
	until := began.Add(time.Duration(request.Seconds * float64(time.Second)))
	for slot := range request.InFlight {
		ended.Go(func() {
			took, err := readUntil(client, request.Read, until, users, slot*users/request.InFlight)
			guard.Lock()
			defer guard.Unlock()
			all = append(all, took...)
			if err != nil {
				failed = err
			}
		})
	}
	ended.Wait()
	seconds := time.Since(began).Seconds()
	slices.Sort(all)
	at := func(share float64) float64 {
		return float64(all[min(len(all)-1, int(share*float64(len(all))))].Nanoseconds()) / 1e3
	}
	return figures{CallsASecond: float64(len(all)) / seconds, P50: at(0.5), P99: at(0.99)}, failed
}

// readUntil reads one user after the other, in an order that leaves no two neighbours.
func readUntil(client reads, read string, until time.Time, users, first int) ([]time.Duration, error) {
	took := make([]time.Duration, 0, 1<<16)
	batch := make([]string, batchUsers)
	for number := first; ; {
		for place := range batch {
			batch[place] = fmt.Sprintf("user-%09d", number*37%users)
			number++
			if read == "one" {
				break
			}
		}
		began := time.Now()
		var err error
		if read == "one" {
			err = client.one(batch[0])
		} else {
			err = client.batch(batch)
		}
		if err != nil {
			return took, fmt.Errorf("%s: %w", batch[0], err)
		}
		ended := time.Now()
		took = append(took, ended.Sub(began))
		if ended.After(until) {
			return took, nil
		}
	}
}
