package foreword

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Where the sidecar asks who calls, a token opens its namespace and no other, over a unix socket too.
func TestToken(t *testing.T) {
	ctx, token := context.Background(), setting(t, "FOREWORD_GUARDED_TOKEN")
	for _, target := range []string{setting(t, "FOREWORD_GUARDED_TARGET"), setting(t, "FOREWORD_GUARDED_UNIX_TARGET")} {
		client, err := NewClient(target, Token(token))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Within("shop").Profile(ctx, "ada"); err != nil {
			t.Error(target, err)
		}
		if _, err := client.Within("blog").Profile(ctx, "ada"); reasonOf(err) != "NAMESPACE_FORBIDDEN" {
			t.Error(target, err)
		}
		anonymous, err := NewClient(target)
		if err != nil {
			t.Fatal(err)
		}
		defer anonymous.Close()
		if _, err := anonymous.Within("shop").Profile(ctx, "ada"); reasonOf(err) != "UNAUTHENTICATED" {
			t.Error(target, err)
		}
	}
}

// A token file is read anew when it changes, and one that is empty or gone leaves the former token in force.
func TestTokenFile(t *testing.T) {
	ctx, token := context.Background(), setting(t, "FOREWORD_GUARDED_TOKEN")
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("fwt_of-nobody\n")
	client, err := NewClient(setting(t, "FOREWORD_GUARDED_TARGET"), TokenFile(path))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Within("shop").Profile(ctx, "ada"); reasonOf(err) != "UNAUTHENTICATED" {
		t.Error(err)
	}
	write(token + "\n")
	remove := func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range []func(){func() {}, func() { write("") }, remove} {
		change()
		if _, err := client.Within("shop").Profile(ctx, "ada"); err != nil {
			t.Error(err)
		}
	}
}

// Another file in the place of the former is read, also one as old and as long, as a tool that sets all times makes it.
func TestTokenFileThatIsReplaced(t *testing.T) {
	folder := t.TempDir()
	file := &tokenFile{path: filepath.Join(folder, "token")}
	for _, token := range []string{"one", "two"} {
		anew := filepath.Join(folder, token)
		if err := os.WriteFile(anew, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(anew, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(anew, file.path); err != nil {
			t.Fatal(err)
		}
		if found, err := file.token(); err != nil || found != token {
			t.Error(found, err)
		}
	}
}

// A token goes to no other machine in clear text.
func TestTokenStaysHere(t *testing.T) {
	for uri, expected := range map[string]bool{
		"https://localhost/s": true, "https://127.0.0.1:7464/s": true, "https://[::1]:7464/s": true,
		"https://192.0.2.1:7464/s": false, "https://sidecar.example/s": false,
	} {
		if isLocal([]string{uri}) != expected {
			t.Error(uri)
		}
	}
	_, err := proof(func() (string, error) { return "t", nil }).GetRequestMetadata(
		context.Background(), "https://192.0.2.1:7464/s")
	if err == nil {
		t.Error("a token was given away")
	}
}
