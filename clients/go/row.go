package foreword

import (
	"encoding/binary"
	"hash/crc32"
	"strconv"
	"unicode/utf8"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// A stored row is a header of 40 bytes, then the message that answers a call but for its freshness.
// docs/store-format.md has all of it.
const (
	headerBytes    = 40
	checksumOffset = 4
	// The header from revision to expired_after_ms.
	numbersOffset = 8
	staleOffset   = 24
	expiredOffset = 32

	formerRowVersion = 1
	rowVersion       = 2
	flagOnOpen       = 0x01
	flagDefault      = 0x02

	userIDBytesMax    = 256
	namespaceBytesMax = 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// userKey returns len(namespace) ‖ namespace ‖ len(userID) - 1 ‖ userID.
func userKey(userID, namespace string) ([]byte, error) {
	for field, text := range map[string]string{"user_id": userID, "namespace": namespace} {
		if !utf8.ValidString(text) {
			return nil, fieldError(field, "bytes that are no UTF-8", "UTF-8")
		}
	}
	if len(userID) < 1 || len(userID) > userIDBytesMax {
		return nil, fieldError("user_id", strconv.Itoa(len(userID))+" bytes", "1 to 256 bytes of UTF-8")
	}
	prefix, err := namespaceKey(namespace)
	if err != nil {
		return nil, err
	}
	return append(append(prefix, byte(len(userID)-1)), userID...), nil
}

// namespaceKey returns what the keys of a namespace begin with.
func namespaceKey(namespace string) ([]byte, error) {
	if len(namespace) > namespaceBytesMax {
		return nil, fieldError("namespace", strconv.Itoa(len(namespace))+" bytes", "at most 64 bytes of UTF-8")
	}
	return append([]byte{byte(len(namespace))}, namespace...), nil
}

// isInPlace tells whether a row of format 2 is as it was written, and written for this place.
func isInPlace(database string, key, row []byte) bool {
	if len(row) < headerBytes || row[0] != rowVersion {
		return false
	}
	checksum := crc32.Update(0, castagnoli, []byte(database))
	checksum = crc32.Update(checksum, castagnoli, key)
	return checksumHolds(checksum, row)
}

// isIntact tells the same; of a row of format 1, whose checksum says nothing of the place, only that it is as
// written.
func isIntact(database string, key, row []byte) bool {
	if len(row) >= headerBytes && row[0] == formerRowVersion {
		return checksumHolds(0, row)
	}
	return isInPlace(database, key, row)
}

func checksumHolds(before uint32, row []byte) bool {
	checksum := crc32.Update(before, castagnoli, row[:checksumOffset])
	checksum = crc32.Update(checksum, castagnoli, row[numbersOffset:])
	return checksum == binary.LittleEndian.Uint32(row[checksumOffset:])
}

// freshnessOf returns how current a sound row is at a time.
func freshnessOf(row []byte, nowMs int64) forewordv1.Freshness {
	switch {
	case row[1]&flagDefault != 0:
		return forewordv1.Freshness_FRESHNESS_DEFAULT
	case nowMs < int64(binary.LittleEndian.Uint64(row[staleOffset:])):
		return forewordv1.Freshness_FRESHNESS_FRESH
	case nowMs < int64(binary.LittleEndian.Uint64(row[expiredOffset:])):
		return forewordv1.Freshness_FRESHNESS_STALE
	}
	return forewordv1.Freshness_FRESHNESS_EXPIRED
}

// asksForRefresh tells whether reading this sound row, or its absence, asks for a refresh of the user.
func asksForRefresh(row []byte) bool {
	return row == nil || row[1]&(flagDefault|flagOnOpen) != 0
}
