package foreword

import (
	"math"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/PowerDNS/lmdb-go/lmdb"
)

const (
	// How often a missing store is looked for, and a replaced one noticed.
	upkeepEvery = 5 * time.Second
	never       = math.MaxInt64
	// A restore puts its two files in place one after the other, within milliseconds; whoever looks in between looks
	// again.
	storeLooksMax = 3
)

// localStore is what the readers of all namespaces share.
type localStore struct {
	directory string
	now       func() time.Time
	opened    time.Time
	// Whether a restore is under way, or was cut short.
	isRestoring func() bool
	// nil tells nothing.
	notes *readNotes
	// In nanoseconds since it was opened.
	upkeepDue atomic.Int64

	// Held for reading around each read: what was replaced is closed when nobody reads.
	guard              sync.RWMutex
	profiles, activity *environment
}

func newLocalStore(directory string, now func() time.Time) *localStore {
	store := &localStore{directory: directory, now: now, opened: time.Now(), notes: &readNotes{directory: directory}}
	store.isRestoring = store.hasRestoreMark
	return store
}

func (s *localStore) isErased(key []byte) (bool, error) { return s.hasActivity("controls", key) }

// tell has a user refreshed of whom an event was ever accepted.
func (s *localStore) tell(key []byte) {
	if s.notes == nil {
		return
	}
	isKnown := false
	err := s.locked(func() (err error) {
		isKnown, err = s.hasActivity("users", key)
		return err
	})
	// The read is answered all the same.
	if err == nil && isKnown {
		s.notes.tell(key, s.now().UnixMilli())
	}
}

func (s *localStore) hasActivity(database string, key []byte) (bool, error) {
	if s.activity == nil {
		return false, nil
	}
	isThere := false
	err := s.activity.read(func(v view) error {
		row, err := v.get(database, key)
		isThere = row != nil
		return err
	})
	return isThere, err
}

func (s *localStore) inProfiles(look func(view) error) error {
	if s.profiles == nil {
		return nil
	}
	return s.profiles.read(look)
}

// read runs a function while nothing is closed, with the map as large as another process has made it.
func (s *localStore) read(look func() error) error {
	err := s.locked(look)
	if lmdb.IsMapResized(err) {
		if err := s.adoptMaps(); err != nil {
			return err
		}
		return s.locked(look)
	}
	return err
}

func (s *localStore) locked(look func() error) error {
	if err := s.lockFollowed(); err != nil {
		return err
	}
	defer s.guard.RUnlock()
	return look()
}

// lockFollowed holds the guard for reading, after a look at the files where that is due.
func (s *localStore) lockFollowed() error {
	for {
		if s.isDue() {
			if err := s.upkeepIfDue(); err != nil {
				return err
			}
		}
		s.guard.RLock()
		// Another's look may have failed in between, and closed what was open: nobody would be known.
		if s.upkeepDue.Load() > 0 {
			return nil
		}
		s.guard.RUnlock()
	}
}

func (s *localStore) adoptMaps() error {
	s.guard.Lock()
	defer s.guard.Unlock()
	for _, open := range []*environment{s.profiles, s.activity} {
		if open != nil {
			if err := open.lmdb.SetMapSize(0); err != nil {
				return unusable(open.path, err)
			}
		}
	}
	return nil
}

func (s *localStore) isDue() bool { return int64(time.Since(s.opened)) >= s.upkeepDue.Load() }

// upkeepIfDue has the first of all who found a look due make it, and the others go on behind it.
func (s *localStore) upkeepIfDue() error {
	s.guard.Lock()
	defer s.guard.Unlock()
	if !s.isDue() {
		return nil
	}
	return s.upkeepHeld()
}

func (s *localStore) upkeep() error {
	s.guard.Lock()
	defer s.guard.Unlock()
	return s.upkeepHeld()
}

// upkeepHeld is upkeep for who holds the guard.
func (s *localStore) upkeepHeld() error {
	if s.upkeepDue.Load() == never {
		return nil
	}
	// Said at every call until the store can be used again; served meanwhile, nobody would be known.
	s.upkeepDue.Store(0)
	if err := s.look(); err != nil {
		return err
	}
	s.upkeepDue.Store(int64(time.Since(s.opened) + upkeepEvery))
	return nil
}

// look follows both environments, but for the time of a restore.
func (s *localStore) look() error {
	for look := range storeLooksMax {
		if s.isRestoring() {
			if look == 0 {
				return s.keepThroughRestore()
			}
			// It is looked at again because it may be of two stores.
			s.letGo()
			return s.interrupted()
		}
		// Activity first: no profile is served before erasures can be looked up.
		if err := s.follow(&s.activity, "activity.lmdb", "controls", "users"); err != nil {
			return err
		}
		if err := s.follow(&s.profiles, "profiles.lmdb", "profiles", "forewords", "watermarks", "defaults"); err != nil {
			return err
		}
		if s.isRestoring() {
			// It may have begun between the two.
			s.letGo()
			return s.interrupted()
		}
		if !s.isOutdated(s.activity, "activity.lmdb") && !s.isOutdated(s.profiles, "profiles.lmdb") {
			return nil
		}
	}
	for _, open := range []*environment{s.activity, s.profiles} {
		if open != nil && open.wasReplaced() {
			s.letGo()
			return &Error{Reason: StoreUnusable, Message: s.directory + ": its files were replaced while they were opened"}
		}
	}
	return nil
}

// isOutdated tells whether another file has taken the place of the one that was opened, or the place that was empty.
func (s *localStore) isOutdated(open *environment, name string) bool {
	hasFile := isThere(filepath.Join(s.directory, name, dataFile))
	if open != nil {
		return !hasFile || open.wasReplaced()
	}
	return hasFile
}

// keepThroughRestore keeps both environments while a restore replaces them one by one: of two that do not belong
// together, one may have a user whose erasure only the other knows of.
func (s *localStore) keepThroughRestore() error {
	if s.profiles == nil {
		return s.interrupted()
	}
	for _, open := range []**environment{&s.activity, &s.profiles} {
		if *open == nil || (*open).wasReplaced() {
			continue
		}
		if err := refuseCut((*open).path); err != nil {
			s.letGo()
			return err
		}
	}
	return nil
}

func (s *localStore) interrupted() error {
	message := "a restore into " + s.directory + " is under way, or was interrupted"
	hint := "wait for its end; if it was interrupted, run `foreword store restore` again"
	return &Error{Reason: StoreUnusable, Message: message, Hint: hint}
}

func (s *localStore) hasRestoreMark() bool {
	return isThere(filepath.Join(s.directory, "restore.pending"))
}

func (s *localStore) close() {
	s.guard.Lock()
	defer s.guard.Unlock()
	s.upkeepDue.Store(never)
	s.letGo()
}

// letGo closes both environments; nobody may be reading.
func (s *localStore) letGo() {
	for _, open := range []**environment{&s.profiles, &s.activity} {
		if *open != nil {
			(*open).close()
			*open = nil
		}
	}
}

// follow opens an environment that has appeared or was replaced, and gives up one that was cut short or is gone.
func (s *localStore) follow(open **environment, name string, databases ...string) (err error) {
	path := filepath.Join(s.directory, name)
	if *open != nil && !(*open).wasReplaced() && !(*open).isGone() {
		if err = refuseCut(path); err == nil {
			_, err = (*open).lmdb.ReaderCheck()
			return err
		}
	}
	if *open != nil {
		(*open).close()
		*open = nil
	}
	if err == nil {
		*open, err = openEnvironment(path, databases...)
	}
	return err
}
