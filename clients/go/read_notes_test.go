package foreword

import (
	"encoding/hex"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// taking is a sidecar's socket in a store's folder.
type taking struct {
	t          *testing.T
	connection *net.UnixConn
}

func listen(t *testing.T, directory string) taking {
	t.Helper()
	address, done, err := notesAddress(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	connection, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		connection.Close()
		_ = os.Remove(filepath.Join(directory, notesSocket))
	})
	return taking{t, connection}
}

// taken returns the datagrams that came, in hexadecimal: what was sent in this process is there at once.
func (s taking) taken() (told []string) {
	s.t.Helper()
	raw, err := s.connection.SyscallConn()
	if err != nil {
		s.t.Fatal(err)
	}
	_ = raw.Control(func(descriptor uintptr) {
		for key := make([]byte, 512); ; {
			size, err := syscall.Read(int(descriptor), key)
			if err != nil {
				return
			}
			told = append(told, hex.EncodeToString(key[:size]))
		}
	})
	return told
}

// With its socket full, gone, or never there, telling returns at once, and nothing is made in the store.
func TestNobodyWaitsForASidecarThatTakesNothing(t *testing.T) {
	directory := t.TempDir()
	notes := &readNotes{directory: directory}
	notes.tell([]byte("ann"), 0)
	if found, _ := os.ReadDir(directory); len(found) != 0 {
		t.Error(found)
	}
	taking := listen(t, directory)
	for number := range 20_000 {
		notes.tell([]byte(strconv.Itoa(number)), 2000)
	}
	if len(notes.told) != toldMax {
		t.Error(len(notes.told), "users are remembered")
	}
	if told := taking.taken(); len(told) == 0 || len(told) >= toldMax {
		t.Error(len(told), "datagrams had room")
	}
	taking.connection.Close()
	notes.tell([]byte("ann"), 4000)
}

// A sidecar that took the place of another is told.
func TestASidecarThatRestartedIsTold(t *testing.T) {
	directory := t.TempDir()
	notes := &readNotes{directory: directory}
	for second := range 2 {
		taking := listen(t, directory)
		notes.tell([]byte("ann"), int64(second+1)*againMs)
		if told := taking.taken(); len(told) != 1 {
			t.Error(second, told)
		}
		_ = os.Remove(filepath.Join(directory, notesSocket))
	}
}

// A socket's address may have some hundred bytes; the store's path may have more.
func TestAStoreWithALongPathIsToldOf(t *testing.T) {
	directory := filepath.Join(t.TempDir(), strings.Repeat("d", 100), strings.Repeat("e", 100))
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	taking := listen(t, directory)
	(&readNotes{directory: directory}).tell([]byte("ann"), 5000)
	if told := taking.taken(); len(told) != 1 {
		t.Error(told)
	}
}
