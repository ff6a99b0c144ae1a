package foreword

import (
	"encoding/binary"
	"math"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/PowerDNS/lmdb-go/lmdb"
	"google.golang.org/protobuf/proto"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// How often a missing store is looked for, and a replaced one noticed.
const (
	upkeepEvery = 5 * time.Second
	never       = math.MaxInt64
)

// LocalReader reads the store in this process. A user nobody knows gets the default profile, as does one whose
// erasure was asked for: a miss is never an error. It works before there is a store, and follows one that is restored
// or compacted. It asks for no refresh.
//
// One reader serves all goroutines; two of one store in one process are refused.
type LocalReader struct {
	namespace string
	store     *localStore
}

// localStore is what the readers of all namespaces share.
type localStore struct {
	directory string
	now       func() time.Time
	opened    time.Time
	// In nanoseconds since it was opened.
	upkeepDue atomic.Int64

	// Held for reading around each read: what was replaced is closed when nobody reads.
	guard              sync.RWMutex
	profiles, activity *environment
}

// OpenLocal opens the store in a folder, `store.directory` of the configuration, which need not be there yet.
func OpenLocal(directory string) (*LocalReader, error) {
	return openLocalAt(directory, time.Now)
}

func openLocalAt(directory string, now func() time.Time) (*LocalReader, error) {
	reader := &LocalReader{store: &localStore{directory: directory, now: now, opened: time.Now()}}
	if err := reader.Upkeep(); err != nil {
		reader.Close()
		return nil, err
	}
	return reader, nil
}

// Within returns a reader of the same store for users of a namespace; at most 64 bytes.
func (r *LocalReader) Within(namespace string) *LocalReader {
	return &LocalReader{namespace: namespace, store: r.store}
}

// Text returns the prompt-ready text about a user; empty when nothing is known, or nothing can be read.
func (r *LocalReader) Text(userID string, options ...ForewordOption) string {
	found, _ := r.Foreword(userID, options...)
	return found.GetText()
}

// Foreword returns the text about a user within a budget. It is never nil: beside an error it is empty.
func (r *LocalReader) Foreword(userID string, options ...ForewordOption) (*forewordv1.GetForewordResponse, error) {
	found := &forewordv1.GetForewordResponse{}
	row, err := r.row("forewords", userID)
	switch {
	case err != nil:
		return &forewordv1.GetForewordResponse{}, err
	case row == nil:
		found = defaultForeword()
		found.Freshness = forewordv1.Freshness_FRESHNESS_DEFAULT
	default:
		if err := proto.Unmarshal(row[headerBytes:], found); err != nil {
			return &forewordv1.GetForewordResponse{}, corrupt("a stored foreword cannot be parsed", err)
		}
		found.Freshness = freshnessOf(row, r.store.now().UnixMilli())
	}
	cutToBudget(found, budgetOf(options))
	return found, nil
}

// Profile returns the profile of a user and how current it is. It is never nil: beside an error it is the default
// one.
func (r *LocalReader) Profile(userID string) (*forewordv1.GetProfileResponse, error) {
	found := &forewordv1.GetProfileResponse{Profile: defaultProfile(userID, r.namespace)}
	row, err := r.row("profiles", userID)
	if err != nil {
		return found, err
	}
	if row == nil {
		found.Freshness = forewordv1.Freshness_FRESHNESS_DEFAULT
		return found, nil
	}
	stored := &forewordv1.GetProfileResponse{}
	if err := proto.Unmarshal(row[headerBytes:], stored); err != nil {
		return found, corrupt("a stored profile cannot be parsed", err)
	}
	found = stored
	found.Freshness = freshnessOf(row, r.store.now().UnixMilli())
	if found.GetFreshness() == forewordv1.Freshness_FRESHNESS_DEFAULT {
		found.Profile.UserId, found.Profile.Namespace = userID, r.namespace
	}
	return found, nil
}

// SchedulerSeen returns when the scheduler last showed life; the zero time when there is no store, or it never did.
// Profiles age visibly without it: their freshness goes to stale, then to expired.
func (r *LocalReader) SchedulerSeen() (time.Time, error) {
	var seen time.Time
	err := r.store.read(func() error {
		return r.store.inProfiles(func(v view) error {
			row, err := v.get("meta", []byte("scheduler_seen_ms"))
			if len(row) == 8 {
				seen = time.UnixMilli(int64(binary.BigEndian.Uint64(row)))
			}
			return err
		})
	})
	return seen, err
}

// Upkeep looks for a store that has appeared or was replaced; every read does so by itself, once in five seconds.
func (r *LocalReader) Upkeep() error { return r.store.upkeep() }

// Close releases the store; reads after it find none.
func (r *LocalReader) Close() {
	s := r.store
	s.guard.Lock()
	defer s.guard.Unlock()
	s.upkeepDue.Store(never)
	for _, open := range []**environment{&s.profiles, &s.activity} {
		if *open != nil {
			(*open).close()
			*open = nil
		}
	}
}

// row returns what a user is answered from: their row, or that of the default; nil when even that is the built-in
// one.
func (r *LocalReader) row(database, userID string) (row []byte, err error) {
	key, err := userKey(userID, r.namespace)
	if err != nil {
		return nil, err
	}
	err = r.store.read(func() error {
		// Asked before the profile is looked up: an erasure that is over has left no profile, and no row here.
		isErased, err := r.store.isErased(key)
		if err != nil {
			return err
		}
		return r.store.inProfiles(func(v view) error {
			if !isErased {
				if row, err = v.userRow(database, key, userID, r.namespace); row != nil || err != nil {
					return err
				}
			}
			row, err = v.defaultRow(database, r.namespace)
			return err
		})
	})
	return row, err
}

func (s *localStore) isErased(key []byte) (bool, error) {
	if s.activity == nil {
		return false, nil
	}
	isErased := false
	err := s.activity.read(func(v view) error {
		row, err := v.get("controls", key)
		isErased = row != nil
		return err
	})
	return isErased, err
}

func (s *localStore) inProfiles(look func(view) error) error {
	if s.profiles == nil {
		return nil
	}
	return s.profiles.read(look)
}

// read runs a function while nothing is closed, with the map as large as another process has made it.
func (s *localStore) read(look func() error) error {
	if int64(time.Since(s.opened)) >= s.upkeepDue.Load() {
		if err := s.upkeep(); err != nil {
			return err
		}
	}
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
	s.guard.RLock()
	defer s.guard.RUnlock()
	return look()
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

func (s *localStore) upkeep() error {
	s.guard.Lock()
	defer s.guard.Unlock()
	if s.upkeepDue.Load() == never {
		return nil
	}
	// Said at every call until the store can be used again; served meanwhile, nobody would be known.
	s.upkeepDue.Store(0)
	// Activity first: no profile is served before erasures can be looked up.
	if err := s.follow(&s.activity, "activity.lmdb", "controls"); err != nil {
		return err
	}
	if err := s.follow(&s.profiles, "profiles.lmdb", "profiles", "forewords", "watermarks", "defaults"); err != nil {
		return err
	}
	s.upkeepDue.Store(int64(time.Since(s.opened) + upkeepEvery))
	return nil
}

// follow opens an environment that has appeared or was replaced, and gives up one that was cut short.
func (s *localStore) follow(open **environment, name string, databases ...string) (err error) {
	path := filepath.Join(s.directory, name)
	if *open != nil && !(*open).wasReplaced() {
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
