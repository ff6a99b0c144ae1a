package foreword

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

const (
	notesSocket = "read_notes.sock"
	// As Python's reader: a user who is read again within it is not told of again, and beyond so many users a read
	// tells nothing until the next begins. The sidecar keeps to its own, longer pause.
	againMs = 1000
	toldMax = 10_000
	// What a socket's address holds on Linux, and on macOS.
	addressBytesMax = 103
)

// readNotes tells the sidecar of users who were read in process and are refreshed when read: a datagram, sent and
// forgotten. Without a sidecar, or with one that is busy, nothing is told; a later read tells.
type readNotes struct {
	directory string

	guard       sync.Mutex
	told        map[string]struct{}
	toldSinceMs int64
}

// tell tells of a user of whom an event was accepted.
func (n *readNotes) tell(key []byte, nowMs int64) {
	if n.mayTell(key, nowMs) {
		// No sidecar, none that has room, or none that is ours: all of that is its to say.
		_ = n.send(key)
	}
}

func (n *readNotes) mayTell(key []byte, nowMs int64) bool {
	n.guard.Lock()
	defer n.guard.Unlock()
	// A clock that was set back begins anew as well.
	if past := nowMs - n.toldSinceMs; n.told == nil || past < 0 || past >= againMs {
		n.told, n.toldSinceMs = map[string]struct{}{}, nowMs
	}
	_, isTold := n.told[string(key)]
	if isTold || len(n.told) >= toldMax {
		return false
	}
	n.told[string(key)] = struct{}{}
	return true
}

// send makes a socket for each datagram: one that is kept goes on to a sidecar that has ended.
func (n *readNotes) send(key []byte) error {
	address, done, err := notesAddress(n.directory)
	if err != nil {
		return err
	}
	defer done()
	connection, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: address, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer connection.Close()
	raw, err := connection.SyscallConn()
	if err != nil {
		return err
	}
	// Not connection.Write, which waits for room. The descriptor never blocks.
	return raw.Control(func(descriptor uintptr) { _, _ = syscall.Write(int(descriptor), key) })
}

// notesAddress returns the address of a store's socket, also of one whose path is longer than an address may be; it
// holds until done is called.
func notesAddress(directory string) (address string, done func(), err error) {
	address = filepath.Join(directory, notesSocket)
	if len(address) <= addressBytesMax {
		return address, func() {}, nil
	}
	folder, err := os.Open(directory)
	if err != nil {
		return "", nil, err
	}
	address = filepath.Join("/proc/self/fd", strconv.Itoa(int(folder.Fd())), notesSocket)
	return address, func() { folder.Close() }, nil
}
