package foreword

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

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
	directory := t.TempDir()
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
	for _, store := range []string{"sound", "bare"} {
		revision := map[string]uint64{"sound": 8}[store]
		putInPlace(t, directory, store, "profiles.lmdb")
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

// openSound opens a copy of the vectors' sound store, and says where it is.
func openSound(t *testing.T) (string, *LocalReader) {
	t.Helper()
	directory := t.TempDir()
	putInPlace(t, directory, "sound", "activity.lmdb")
	putInPlace(t, directory, "sound", "profiles.lmdb")
	reader, err := OpenLocal(directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	return directory, reader
}

// putInPlace has an environment of a store of the vectors take the place of what is there, as restoring does.
func putInPlace(t *testing.T, directory, store, environment string) {
	t.Helper()
	place := filepath.Join(directory, environment)
	incoming := filepath.Join(setting(t, "FOREWORD_VECTOR_STORES"), store, environment)
	if err := os.CopyFS(place+".incoming", os.DirFS(incoming)); err != nil {
		t.Fatal(err)
	}
	_ = os.Rename(place, place+".former-for-"+store)
	if err := os.Rename(place+".incoming", place); err != nil {
		t.Fatal(err)
	}
}

// shows says what ada and leaver have after a look at the files: revisions, of which a default has none.
func shows(t *testing.T, reader *LocalReader, ada, leaver uint64) {
	t.Helper()
	if err := reader.Upkeep(); err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct {
		reader   *LocalReader
		userID   string
		revision uint64
	}{{reader, "ada", ada}, {reader.Within("acme"), "leaver", leaver}} {
		found, err := one.reader.Profile(one.userID)
		if err != nil || found.GetProfile().GetRevision() != one.revision {
			t.Errorf("%s has revision %d, %v, not %d", one.userID, found.GetProfile().GetRevision(), err, one.revision)
		}
	}
}

// Both files of before are read while a restore replaces them one by one, then both of after: a user erased in the
// one never comes back by the other.
func TestRestoreIsFollowedAtItsEnd(t *testing.T) {
	directory, reader := openSound(t)
	mark := filepath.Join(directory, "restore.pending")
	shows(t, reader, 8, 0)
	if err := os.WriteFile(mark, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	shows(t, reader, 8, 0)
	putInPlace(t, directory, "restored", "activity.lmdb")
	shows(t, reader, 8, 0)
	putInPlace(t, directory, "restored", "profiles.lmdb")
	shows(t, reader, 8, 0)
	if err := os.Remove(mark); err != nil {
		t.Fatal(err)
	}
	shows(t, reader, 9, 7)
}

// Of all who find a look due, the first makes it; the others go on behind it.
func TestOneOfManyLooks(t *testing.T) {
	directory := t.TempDir()
	reader, err := OpenLocal(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	// With nothing open a look meets it, and fails.
	if err := os.WriteFile(filepath.Join(directory, "restore.pending"), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	// As who found it due just before the look that opening was.
	if err := reader.store.upkeepIfDue(); err != nil {
		t.Error(err)
	}
	if reasonOf(reader.Upkeep()) != StoreUnusable || reasonOf(reader.store.upkeepIfDue()) != StoreUnusable {
		t.Error("no look was made")
	}
}

// Beside the erasures of a store without profiles, as restoring leaves it, none of the former's are shown; what a swap cut
// short has put aside is read on.
func TestProfilesThatAreGoneAreNotReadOn(t *testing.T) {
	directory, reader := openSound(t)
	profiles := filepath.Join(directory, "profiles.lmdb")
	if err := os.Rename(profiles, profiles+".former"); err != nil {
		t.Fatal(err)
	}
	shows(t, reader, 8, 0)
	if err := os.RemoveAll(profiles + ".former"); err != nil {
		t.Fatal(err)
	}
	putInPlace(t, directory, "restored", "activity.lmdb")
	shows(t, reader, 0, 0)
}

// A file that is cut short during a restore is given up like any other.
func TestCutFileIsGivenUpDuringARestore(t *testing.T) {
	directory := t.TempDir()
	putInPlace(t, directory, "sound", "profiles.lmdb")
	reader, err := OpenLocal(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := os.WriteFile(filepath.Join(directory, "restore.pending"), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(directory, "profiles.lmdb", dataFile), 3*4096); err != nil {
		t.Fatal(err)
	}
	if err := reader.Upkeep(); reasonOf(err) != StoreCorrupt {
		t.Error(err)
	}
	if _, err := reader.Profile("ada"); reasonOf(err) != StoreUnusable {
		t.Error(err)
	}
}

// A restore that begins while the files are looked at leaves neither open, and is waited for.
func TestRestoreThatIsNoticedLateIsWaitedFor(t *testing.T) {
	_, reader := openSound(t)
	marks := []bool{false, true, true}
	reader.store.isRestoring = func() (isThere bool) {
		isThere, marks = marks[0], marks[1:]
		return isThere
	}
	if err := reader.Upkeep(); reasonOf(err) != StoreUnusable || reader.store.profiles != nil || reader.store.activity != nil {
		t.Error(err)
	}
	if _, err := reader.Profile("ada"); reasonOf(err) != StoreUnusable {
		t.Error(err)
	}
	reader.store.isRestoring = reader.store.hasRestoreMark
	shows(t, reader, 8, 0)
}

// A restore within a look leaves profiles of after it and erasures of before: refused when another has begun.
func TestTwoRestoresWithinOneLook(t *testing.T) {
	directory, reader := openSound(t)
	swaps := []string{"profiles.lmdb", "activity.lmdb"}
	reader.store.isRestoring = func() bool {
		if len(swaps) == 0 {
			return true
		}
		putInPlace(t, directory, "restored", swaps[0])
		swaps = swaps[1:]
		return false
	}
	if err := reader.Upkeep(); reasonOf(err) != StoreUnusable {
		t.Error(err)
	}
	reader.store.isRestoring = reader.store.hasRestoreMark
	shows(t, reader, 9, 7)
}

// While restores begin and end under many readers, a read is answered from a store or refused, never as of nobody.
func TestNobodyIsUnknownForARestore(t *testing.T) {
	_, reader := openSound(t)
	asked := 0
	// Noticed late by each second look.
	reader.store.isRestoring = func() bool { asked++; return asked%4 == 0 }
	var readers sync.WaitGroup
	for range 4 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for range 500 {
				_ = reader.Upkeep()
				found, err := reader.Profile("ada")
				if reasonOf(err) != StoreUnusable && (err != nil || found.GetProfile().GetRevision() != 8) {
					t.Error(found.GetProfile().GetRevision(), err)
					return
				}
			}
		}()
	}
	readers.Wait()
}

// A dormant user is refreshed when read here, as when read through the sidecar.
func TestDormantUserIsRefreshedWhenRead(t *testing.T) {
	reader, client := open(t), connect(t)
	ledger := &forewordv1.GetLedgerRequest{UserId: "sleeper-go", AttemptsMax: 10}
	found, err := reader.Profile("sleeper-go")
	if err != nil || found.GetProfile().GetSegment() != forewordv1.Segment_SEGMENT_DORMANT {
		t.Fatal(found, err)
	}
	operator := forewordv1.NewOperatorServiceClient(client.Connection())
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		read, err := operator.GetLedger(context.Background(), ledger)
		if err != nil {
			t.Fatal(err)
		}
		for _, attempt := range read.GetAttempts() {
			if attempt.GetEntry().GetReason() == forewordv1.RefreshReason_REFRESH_REASON_ON_OPEN {
				return
			}
		}
	}
	t.Error("never refreshed")
}

// A reader that is to tell nothing tells nothing.
func TestReaderThatTellsNoReads(t *testing.T) {
	directory := filepath.Join(setting(t, "FOREWORD_VECTOR_STORES"), "sound")
	taking := listen(t, directory)
	reader, err := OpenLocal(directory, TellsNoReads())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	_, _ = reader.Profile("dormant")
	if told := taking.taken(); told != nil {
		t.Error(told)
	}
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
