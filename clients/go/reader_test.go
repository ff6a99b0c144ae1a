package foreword

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// open returns a reader of the store that the daemons write.
func open(t *testing.T) *LocalReader {
	t.Helper()
	reader, err := OpenLocal(setting(t, "FOREWORD_STORE"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	return reader
}

// Beside the daemons that write the store, the reader says what the sidecar says.
func TestReaderAgreesWithTheSidecar(t *testing.T) {
	reader, client := open(t), connect(t)
	read, err := reader.Profile("ada")
	if err != nil || read.GetFreshness() != forewordv1.Freshness_FRESHNESS_FRESH {
		t.Fatal(read.GetFreshness(), err)
	}
	called, err := client.Profile(context.Background(), "ada")
	if err != nil || !proto.Equal(read, called) {
		t.Errorf("read %v\ncalled %v, %v", read, called, err)
	}
	if text := reader.Text("ada"); text == "" || text != client.Text(context.Background(), "ada") {
		t.Error(text)
	}
	if seen, err := reader.SchedulerSeen(); err != nil || seen.IsZero() {
		t.Error("the scheduler was never seen", err)
	}
}

// A user is unknown to the reader as soon as the sidecar has taken the erasure.
func TestErasedUserIsUnseenAtOnce(t *testing.T) {
	reader, client := open(t), connect(t)
	if before, err := reader.Profile("leaver-go"); err != nil || before.GetProfile().GetIsDefault() {
		t.Fatal("no profile to erase", err)
	}
	users := forewordv1.NewUserDataServiceClient(client.Connection())
	if _, err := users.EraseUser(context.Background(), &forewordv1.EraseUserRequest{UserId: "leaver-go"}); err != nil {
		t.Fatal(err)
	}
	after, err := reader.Profile("leaver-go")
	if err != nil || after.GetFreshness() != forewordv1.Freshness_FRESHNESS_DEFAULT || reader.Text("leaver-go") != "" {
		t.Error(after, err)
	}
}

// A store that takes the former's place is read from the next look on, while others read; and a reader may come
// before the store.
func TestReplacedStoreIsFollowed(t *testing.T) {
	vectors, directory := setting(t, "FOREWORD_VECTOR_STORES"), t.TempDir()
	reader, err := OpenLocal(directory)
	if err != nil || reader.Text("ada") != "" {
		t.Fatal("a store that is not there", err)
	}
	defer reader.Close()
	var readers sync.WaitGroup
	for range 4 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for range 2000 {
				if _, err := reader.Profile("ada"); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	place := filepath.Join(directory, "profiles.lmdb")
	for _, store := range []string{"sound", "bare"} {
		revision := map[string]uint64{"sound": 8}[store]
		incoming := place + "." + store
		if err := os.CopyFS(incoming, os.DirFS(filepath.Join(vectors, store, "profiles.lmdb"))); err != nil {
			t.Fatal(err)
		}
		_ = os.Rename(place, place+".former-"+store)
		if err := os.Rename(incoming, place); err != nil {
			t.Fatal(err)
		}
		if err := reader.Upkeep(); err != nil {
			t.Fatal(err)
		}
		found, err := reader.Profile("ada")
		if err != nil || found.GetProfile().GetRevision() != revision {
			t.Error(store, found.GetProfile().GetRevision(), err)
		}
	}
	readers.Wait()
}

// LMDB forbids two mappings of one environment in a process.
func TestSecondReaderIsRefused(t *testing.T) {
	open(t)
	if _, err := OpenLocal(setting(t, "FOREWORD_STORE")); reasonOf(err) != StoreUnusable {
		t.Error(err)
	}
}

func BenchmarkLocalProfile(b *testing.B) {
	reader, err := OpenLocal(os.Getenv("FOREWORD_STORE"))
	if err != nil || os.Getenv("FOREWORD_STORE") == "" {
		b.Skip("no store", err)
	}
	defer reader.Close()
	for b.Loop() {
		if _, err := reader.Profile("ada"); err != nil {
			b.Fatal(err)
		}
	}
}
