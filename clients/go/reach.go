package foreword

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// After which waits a call that finds nobody is made again. A sidecar that restarts is back within a second, most
// often within half of one. Each call may be made again: reads change nothing, and events and feedback count once by
// their id.
var waits = []time.Duration{50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond}

// reach knows whether the sidecar was reached of late: a client is patient once. After waiting in vain calls are made
// a single time, which fails within a millisecond, until one is answered.
type reach struct{ isGone atomic.Bool }

func (r *reach) waits() []time.Duration {
	if r.isGone.Load() {
		return nil
	}
	return waits
}

// call makes a call until somebody is there to answer, within the client's time.
func call[Request, Response any](
	ctx context.Context,
	client *Client,
	method func(context.Context, Request, ...grpc.CallOption) (Response, error),
	request Request,
) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, client.Timeout)
	defer cancel()
	left := client.reach.waits()
	for {
		response, err := method(ctx, request)
		if err == nil {
			client.reach.isGone.Store(false)
			return response, nil
		}
		failed := serviceError(client.target, err)
		isPassing := failed.Reason == map[bool]string{true: "DRAINING", false: "UNAVAILABLE"}[failed.FromSidecar]
		if !isPassing || len(left) == 0 || !sleep(ctx, left[0]) {
			client.reach.isGone.Store(isPassing)
			return response, failed
		}
		left = left[1:]
	}
}

// sleep returns false when the context ends before.
func sleep(ctx context.Context, wait time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// codeName returns a code as other languages spell it: DEADLINE_EXCEEDED for DeadlineExceeded.
func codeName(code codes.Code) string {
	var name strings.Builder
	for place, letter := range code.String() {
		if place > 0 && letter >= 'A' && letter <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	return strings.ToUpper(name.String())
}
