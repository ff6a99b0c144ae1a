package foreword

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Reasons of a [LocalReader]. A sidecar has more: docs/errors.md lists them.
const (
	// FieldInvalid: an argument is out of its limits; Field names it.
	FieldInvalid = "FIELD_INVALID"
	// StoreCorrupt: a row, or the store as a whole, is damaged. It is not served as a miss.
	StoreCorrupt = "STORE_CORRUPT"
	// StoreVersion: a newer Foreword wrote the store.
	StoreVersion = "STORE_VERSION"
	// StoreUnusable: the store cannot be opened or read.
	StoreUnusable = "STORE_UNUSABLE"
)

// Error is every error of this package.
type Error struct {
	// Reason is one of docs/errors.md without its prefix, one of the above, or the gRPC code's name, such as
	// UNAVAILABLE.
	Reason string
	// Field is the one at fault, such as user_id; empty when none is.
	Field string
	// Message says in one sentence what is wrong.
	Message string
	// Hint says what to do about it; may be empty.
	Hint string
	// FromSidecar is true when a sidecar answered, and refused.
	FromSidecar bool

	cause error
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return fmt.Sprintf("%s (%s)", e.Message, e.Hint)
}

// Unwrap returns what LMDB, gRPC or the system said.
func (e *Error) Unwrap() error { return e.cause }

// reasonOf returns the reason of an error of this package, empty for others.
func reasonOf(err error) string {
	var ours *Error
	if errors.As(err, &ours) {
		return ours.Reason
	}
	return ""
}

func fieldError(field, found, allowed string) *Error {
	message := fmt.Sprintf("%s: found %s; allowed: %s", field, found, allowed)
	return &Error{Reason: FieldInvalid, Field: field, Message: message}
}

// serviceError puts a failed call into our words.
func serviceError(target string, err error) *Error {
	said := status.Convert(err)
	if errors.Is(err, context.DeadlineExceeded) {
		said = status.New(codes.DeadlineExceeded, err.Error())
	}
	for _, detail := range said.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == "foreword" {
			metadata := info.GetMetadata()
			return &Error{Reason: info.GetReason(), Field: metadata["field"], Message: said.Message(),
				Hint: metadata["hint"], FromSidecar: true, cause: err}
		}
	}
	made := &Error{Reason: codeName(said.Code()), Message: said.Message(), cause: err}
	switch said.Code() {
	case codes.Unavailable:
		made.Message = fmt.Sprintf("no sidecar answers at %s: %s", target, said.Message())
		made.Hint = "start one with `foreword up`; it says where it serves"
	case codes.DeadlineExceeded:
		made.Message = fmt.Sprintf("the sidecar at %s did not answer in time", target)
	}
	return made
}
