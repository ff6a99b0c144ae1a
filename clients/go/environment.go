package foreword

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/PowerDNS/lmdb-go/lmdb"
)

const (
	dataFile = "data.mdb"
	// Room for databases that a later Foreword adds.
	databasesMax = 32
	schemaMax    = 2
)

// LMDB forbids a second mapping of one environment in a process: closing either would drop the locks of both.
var (
	opened      = map[string]bool{}
	openedGuard sync.Mutex
)

// environment is one open LMDB environment of a store, read while another process writes it.
type environment struct {
	path    string
	lmdb    *lmdb.Env
	handles map[string]lmdb.DBI
	file    os.FileInfo
}

// openEnvironment opens an environment with those of the databases that are made; nil when nobody has made it yet.
func openEnvironment(path string, databases ...string) (*environment, error) {
	file, err := os.Stat(filepath.Join(path, dataFile))
	if errors.Is(err, fs.ErrNotExist) || (err == nil && file.Size() == 0) {
		return nil, nil
	}
	if err != nil {
		return nil, unusable(path, err)
	}
	if err := refuseCut(path); err != nil {
		return nil, err
	}
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	openedGuard.Lock()
	defer openedGuard.Unlock()
	if opened[path] {
		return nil, unusable(path, errors.New("it is open in this process; share the one LocalReader"))
	}
	mapped, err := mapped(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	found := &environment{path: path, lmdb: mapped, handles: map[string]lmdb.DBI{}, file: file}
	finished, err := found.openDatabases(databases)
	if err != nil || !finished {
		mapped.Close()
		return nil, err
	}
	opened[path] = true
	return found, nil
}

func mapped(path string) (*lmdb.Env, error) {
	env, err := lmdb.NewEnv()
	if err != nil {
		return nil, err
	}
	// Random lookups: read-ahead would fill memory with neighbours nobody asked for.
	err = errors.Join(env.SetMaxDBs(databasesMax), env.Open(path, lmdb.Readonly|lmdb.NoReadahead, 0o600))
	if err != nil {
		env.Close()
		return nil, err
	}
	return env, nil
}

// openDatabases returns false while the environment's writer has not finished making it.
func (e *environment) openDatabases(databases []string) (bool, error) {
	txn, err := e.lmdb.BeginTxn(nil, lmdb.Readonly)
	if err != nil {
		return false, unusable(e.path, err)
	}
	meta, err := txn.OpenDBI("meta", 0)
	if lmdb.IsNotFound(err) {
		txn.Abort()
		return false, nil
	}
	made, err := e.identity(txn, meta, err)
	if err != nil {
		txn.Abort()
		return false, err
	}
	e.handles["meta"] = meta
	for _, name := range databases {
		handle, err := txn.OpenDBI(name, 0)
		switch {
		case err == nil:
			e.handles[name] = handle
		case lmdb.IsNotFound(err) && !made[name]:
			// Its writer has not made it yet.
		default:
			txn.Abort()
			return false, corrupt(e.path+" is damaged: its database "+name+" is gone", err)
		}
	}
	// Handles opened in a transaction that is aborted are closed with it.
	return true, errors.Join(txn.Commit())
}

// identity returns which databases were made, after a look at the schema.
func (e *environment) identity(txn *lmdb.Txn, meta lmdb.DBI, err error) (map[string]bool, error) {
	if err != nil {
		return nil, unusable(e.path, err)
	}
	schema, err := txn.Get(meta, []byte("schema_version"))
	if err != nil || len(schema) != 8 {
		return nil, corrupt(e.path+" is damaged: its row schema_version is gone", err)
	}
	if version := binary.BigEndian.Uint64(schema); version > schemaMax {
		message := fmt.Sprintf("%s has schema %d; this client reads up to %d", e.path, version, schemaMax)
		return nil, &Error{Reason: StoreVersion, Message: message, Hint: "update the client"}
	}
	databases, err := txn.Get(meta, []byte("databases"))
	if err != nil && !lmdb.IsNotFound(err) {
		return nil, unusable(e.path, err)
	}
	made := map[string]bool{}
	for _, name := range bytes.Split(databases, []byte("\n")) {
		made[string(name)] = true
	}
	return made, nil
}

// view is what one transaction sees of an environment.
type view struct {
	txn     *lmdb.Txn
	handles map[string]lmdb.DBI
}

// get returns a copy of a row, nil for none.
func (v view) get(database string, key []byte) ([]byte, error) {
	handle, isThere := v.handles[database]
	if !isThere {
		return nil, nil
	}
	row, err := v.txn.Get(handle, key)
	if lmdb.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

// read runs a function in a transaction, and puts what LMDB says into our words.
func (e *environment) read(look func(view) error) error {
	err := e.lmdb.View(func(txn *lmdb.Txn) error { return look(view{txn, e.handles}) })
	var ours *Error
	switch {
	case err == nil || errors.As(err, &ours) || lmdb.IsMapResized(err):
		return err
	case lmdb.IsErrno(err, lmdb.Corrupted), lmdb.IsErrno(err, lmdb.PageNotFound), lmdb.IsErrno(err, lmdb.BadTxn):
		return corrupt(e.path+" is damaged", err)
	}
	return unusable(e.path, err)
}

// wasReplaced tells whether another environment stands in this one's place, by a restore or a compaction.
func (e *environment) wasReplaced() bool {
	file, err := os.Stat(filepath.Join(e.path, dataFile))
	return err == nil && !os.SameFile(file, e.file)
}

// isGone tells whether the store has no such environment any more, as after restoring a backup that lacks it. One that a
// swap has put aside, or whose whole store is out of sight, is not gone.
func (e *environment) isGone() bool {
	isAside := !isThere(e.path) && isThere(e.path+".former")
	return isThere(filepath.Dir(e.path)) && !isAside && !isThere(filepath.Join(e.path, dataFile))
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// close releases the environment; nobody may be reading.
func (e *environment) close() {
	openedGuard.Lock()
	defer openedGuard.Unlock()
	delete(opened, e.path)
	e.lmdb.Close()
}

func corrupt(message string, cause error) *Error {
	hint := "run `foreword store check`, then restore a backup"
	return &Error{Reason: StoreCorrupt, Message: message, Hint: hint, cause: cause}
}

func unusable(path string, cause error) *Error {
	return &Error{Reason: StoreUnusable, Message: fmt.Sprintf("%s cannot be used: %v", path, cause), cause: cause}
}
