package foreword

import (
	"bytes"
	"fmt"

	"google.golang.org/protobuf/proto"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// userRow returns a user's row, nil for one who has none in any database. One that is damaged, or gone while the
// user's other rows are there, is an error: neither may be taken for a user nobody knows.
func (v view) userRow(database string, key []byte, userID, namespace string) ([]byte, error) {
	row, err := v.get(database, key)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, v.refuseLost(database, key, userID, namespace)
	}
	if isInPlace(database, key, row) {
		return row, nil
	}
	if isIntact(database, key, row) {
		isOwn, err := v.isOwn(database, key, row, userID, namespace)
		if isOwn || err != nil {
			return row, err
		}
	}
	return nil, rowError(userID, namespace, "is damaged, or of a newer format")
}

// isOwn tells whether an intact row of format 1 is the user's, which its checksum does not say.
func (v view) isOwn(database string, key, row []byte, userID, namespace string) (bool, error) {
	if database == "profiles" {
		found := &forewordv1.GetProfileResponse{}
		err := proto.Unmarshal(row[headerBytes:], found)
		profile := found.GetProfile()
		return err == nil && profile.GetUserId() == userID && profile.GetNamespace() == namespace, nil
	}
	// A foreword names nobody; the profile beside it does, and has the same header but for the checksum.
	profile, err := v.get("profiles", key)
	if err != nil || len(profile) < headerBytes {
		return false, err
	}
	if !bytes.Equal(profile[numbersOffset:headerBytes], row[numbersOffset:headerBytes]) {
		return false, nil
	}
	if isInPlace("profiles", key, profile) {
		return true, nil
	}
	if !isIntact("profiles", key, profile) {
		return false, nil
	}
	return v.isOwn("profiles", key, profile, userID, namespace)
}

// refuseLost refuses to call a user unknown whose other rows say that there was one.
func (v view) refuseLost(database string, key []byte, userID, namespace string) error {
	other := map[string]string{"profiles": "forewords", "forewords": "profiles"}[database]
	row, err := v.get(other, key)
	if err != nil {
		return err
	}
	written := row != nil
	if !written {
		state, err := v.get("watermarks", key)
		if err != nil {
			return err
		}
		refresh := &forewordv1.RefreshState{}
		written = proto.Unmarshal(state, refresh) != nil || refresh.GetRevision() > 0
	}
	if written {
		return rowError(userID, namespace, "is gone from "+database+", where it was written")
	}
	return nil
}

// defaultRow returns what users of a namespace without a row are answered from: the namespace's default, else that of
// all; nil where neither is stored and sound.
func (v view) defaultRow(database, namespace string) ([]byte, error) {
	prefix, err := namespaceKey(namespace)
	if err != nil {
		return nil, err
	}
	keys := [][]byte{append(bytes.Clone(prefix), 0), append(bytes.Clone(prefix), 1)}
	name, place := "default_profile", 0
	if database == "forewords" {
		name, place = "default_foreword", 1
	}
	// Both or none: the two say the same.
	var rows [2][]byte
	for i, key := range keys {
		if rows[i], err = v.get("defaults", key); err != nil {
			return nil, err
		}
	}
	if isInPlace("defaults", keys[0], rows[0]) && isInPlace("defaults", keys[1], rows[1]) {
		return rows[place], nil
	}
	row, err := v.get("meta", []byte(name))
	if err != nil || !isIntact("meta", []byte(name), row) {
		return nil, err
	}
	return row, nil
}

func rowError(userID, namespace, what string) error {
	return corrupt(fmt.Sprintf("the stored row of user %q in namespace %q %s", userID, namespace, what), nil)
}
