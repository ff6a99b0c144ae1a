package foreword

import (
	"encoding/binary"
	"time"

	"google.golang.org/protobuf/proto"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// LocalReader reads the store in this process. A user nobody knows gets the default profile, as does one whose
// erasure was asked for: a miss is never an error. It works before there is a store, and follows one that is restored
// or compacted. The sidecar is told, by a datagram that no read waits for, of users who are refreshed when read.
//
// One reader serves all goroutines; two of one store in one process are refused.
type LocalReader struct {
	namespace string
	store     *localStore
}

// LocalOption says how a store is read.
type LocalOption func(*localStore)

// TellsNoReads has the sidecar told of nobody, for a program that reads many users and is none of theirs.
func TellsNoReads() LocalOption {
	return func(s *localStore) { s.notes = nil }
}

// OpenLocal opens the store in a folder, `store.directory` of the configuration, which need not be there yet. One
// into which a restore is under way is refused.
func OpenLocal(directory string, options ...LocalOption) (*LocalReader, error) {
	return openLocalAt(directory, time.Now, options...)
}

func openLocalAt(directory string, now func() time.Time, options ...LocalOption) (*LocalReader, error) {
	store := newLocalStore(directory, now)
	for _, option := range options {
		option(store)
	}
	reader := &LocalReader{store: store}
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
func (r *LocalReader) Close() { r.store.close() }

// row returns what a user is answered from: their row, or that of the default; nil when even that is the built-in
// one.
func (r *LocalReader) row(database, userID string) (row []byte, err error) {
	key, err := userKey(userID, r.namespace)
	if err != nil {
		return nil, err
	}
	asks := false
	err = r.store.read(func() error {
		// Asked before the profile is looked up: an erasure that is over has left no profile, and no row here.
		isErased, err := r.store.isErased(key)
		if err != nil {
			return err
		}
		return r.store.inProfiles(func(v view) error {
			if !isErased {
				row, err = v.userRow(database, key, userID, r.namespace)
				asks = err == nil && asksForRefresh(row)
				if row != nil || err != nil {
					return err
				}
			}
			row, err = v.defaultRow(database, r.namespace)
			return err
		})
	})
	if asks && err == nil {
		r.store.tell(key)
	}
	return row, err
}
