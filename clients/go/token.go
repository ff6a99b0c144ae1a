package foreword

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// Token returns an option by which every call on the connection says who calls, for a sidecar that asks. It is sent in
// clear text to this machine alone.
func Token(token string) grpc.DialOption {
	return grpc.WithPerRPCCredentials(proof(func() (string, error) { return token, nil }))
}

// TokenFile is as Token, for a file that holds one. It is read anew when it changes; while it is empty or not there the
// former token stays in force.
func TokenFile(path string) grpc.DialOption {
	file := &tokenFile{path: path}
	return grpc.WithPerRPCCredentials(proof(file.token))
}

// proof returns the token of the moment.
type proof func() (string, error)

// GetRequestMetadata returns what a call carries.
func (p proof) GetRequestMetadata(ctx context.Context, uris ...string) (map[string]string, error) {
	info, _ := credentials.RequestInfoFromContext(ctx)
	isPrivate := credentials.CheckSecurityLevel(info.AuthInfo, credentials.PrivacyAndIntegrity) == nil
	if !isPrivate && !isLocal(uris) {
		return nil, status.Error(codes.Unauthenticated,
			"a token is sent to another machine with TLS alone: see grpc.WithTransportCredentials")
	}
	token, err := p()
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, "the token file cannot be read: "+err.Error())
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity returns false: a unix socket and loopback need none.
func (p proof) RequireTransportSecurity() bool { return false }

// isLocal returns whether no other machine answers at an address; that of a unix socket is named localhost.
func isLocal(uris []string) bool {
	for _, uri := range uris {
		parsed, err := url.Parse(uri)
		if err != nil {
			return false
		}
		host := parsed.Hostname()
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return len(uris) > 0
}

type tokenFile struct {
	path string

	mutex sync.Mutex
	// The file that was read; nil before.
	seen os.FileInfo
	read string
}

func (f *tokenFile) token() (string, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if err := f.follow(); err != nil && f.read == "" {
		return "", err
	}
	return f.read, nil
}

// follow takes over what the file says since it changed. One that is empty, or not there, leaves the former in force.
func (f *tokenFile) follow() error {
	found, err := os.Stat(f.path)
	if err != nil || f.isSeen(found) {
		return err
	}
	raw, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	token := strings.TrimSpace(string(raw))
	if token == "" {
		return errors.New("it is empty")
	}
	f.read, f.seen = token, found
	return nil
}

func (f *tokenFile) isSeen(found os.FileInfo) bool {
	return f.seen != nil && os.SameFile(found, f.seen) && found.ModTime().Equal(f.seen.ModTime()) &&
		found.Size() == f.seen.Size()
}
