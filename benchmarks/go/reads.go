package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	foreword "foreword.example/foreword"
	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// Less than this was no profile.
const profileBytesMin = 1500

// reads is one way to read.
type reads interface {
	one(user string) error
	batch(users []string) error
}

func open(kind, address string) (reads, error) {
	switch kind {
	case "foreword":
		client, err := foreword.NewClient(address)
		return forewordReads{client}, err
	case "local":
		reader, err := foreword.OpenLocal(address)
		return localReads{reader}, err
	case "redis":
		// As many connections as calls are in flight.
		options := redis.Options{Network: "unix", Addr: strings.TrimPrefix(address, "unix:"), PoolSize: 16}
		return redisReads{redis.NewClient(&options)}, nil
	case "empty":
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		return emptyReads{connection}, err
	}
	return nil, fmt.Errorf("no way to read named %q", kind)
}

type forewordReads struct{ client *foreword.Client }

func (r forewordReads) one(user string) error {
	found, err := r.client.Profile(context.Background(), user)
	if err != nil {
		return err
	}
	return isProfile(found)
}

func (r forewordReads) batch(users []string) error {
	found, err := r.client.Profiles(context.Background(), users)
	if err != nil || len(found) != len(users) {
		return fmt.Errorf("%d profiles: %w", len(found), err)
	}
	return isProfile(found[0])
}

type localReads struct{ reader *foreword.LocalReader }

func (r localReads) one(user string) error {
	found, err := r.reader.Profile(user)
	if err != nil {
		return err
	}
	return isProfile(found)
}

func (r localReads) batch(users []string) error {
	for _, user := range users {
		if err := r.one(user); err != nil {
			return err
		}
	}
	return nil
}

func isProfile(found *forewordv1.GetProfileResponse) error {
	if found.GetFreshness() != forewordv1.Freshness_FRESHNESS_FRESH {
		return fmt.Errorf("the profile is %v", found.GetFreshness())
	}
	return nil
}

type redisReads struct{ client *redis.Client }

func (r redisReads) one(user string) error {
	body, err := r.client.Get(context.Background(), user).Bytes()
	return checked(len(body), err)
}

func (r redisReads) batch(users []string) error {
	found, err := r.client.MGet(context.Background(), users...).Result()
	if err != nil {
		return err
	}
	body, _ := found[0].(string)
	return checked(len(body), nil)
}

type emptyReads struct{ connection *grpc.ClientConn }

func (r emptyReads) one(user string) error {
	asked, answer := []byte(user), []byte(nil)
	err := r.connection.Invoke(context.Background(), "/empty/Call", &asked, &answer, grpc.ForceCodec(raw{}))
	return checked(len(answer), err)
}

func (r emptyReads) batch([]string) error { return fmt.Errorf("an empty call takes no batch") }

func checked(sizeBytes int, err error) error {
	if err == nil && sizeBytes < profileBytesMin {
		err = fmt.Errorf("%d bytes", sizeBytes)
	}
	return err
}

// serveConstant answers any call with so many bytes, and nothing else is done.
func serveConstant(address string, sizeBytes int) error {
	path := strings.TrimPrefix(address, "unix:")
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	defer os.Remove(path)
	answer := make([]byte, sizeBytes)
	call := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var asked []byte
		return &answer, decode(&asked)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}))
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "empty",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Call", Handler: call}},
	}, nil)
	return server.Serve(listener)
}

// raw hands bytes on as they are.
type raw struct{}

func (raw) Name() string { return "raw" }

func (raw) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (raw) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}
