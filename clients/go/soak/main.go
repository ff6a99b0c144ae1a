// Reads for clients/soak.py: `grpc USER` or `map USER` comes in, a line goes out.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	foreword "foreword.example/foreword"
	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

func main() {
	client, err := foreword.NewClient(os.Getenv("FOREWORD_TARGET"))
	if err != nil {
		log.Fatal(err)
	}
	reader, err := foreword.OpenLocal(os.Getenv("FOREWORD_STORE"))
	if err != nil {
		log.Fatal(err)
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		path, user, _ := strings.Cut(lines.Text(), " ")
		if path == "grpc" {
			fmt.Println(said(client.Profile(context.Background(), user)))
		} else {
			fmt.Println(said(reader.Profile(user)))
		}
	}
}

func said(found *forewordv1.GetProfileResponse, err error) string {
	var refused *foreword.Error
	if errors.As(err, &refused) {
		return "error\t" + refused.Reason + "\t" + strings.Join(strings.Fields(refused.Message), " ")
	}
	summary := found.GetProfile().GetSemanticSummary()
	head, digest := summary[:min(24, len(summary))], sha256.Sum256([]byte(summary))
	return fmt.Sprintf("%s\t%s\t%d\t%x", found.GetFreshness(), head, len(summary), digest)
}
