package foreword

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
)

// LMDB trusts what it has mapped: the first page beyond the end of a file that was cut short ends the process with
// SIGBUS. So the file is looked at before it is mapped, and now and then while it is. Format 0.9, 64 bit,
// little-endian.
const (
	pageHeaderBytes = 16
	metaBytes       = 152
	magic           = 0xBEEFC0DE
	dataFormat      = 1
	noPage          = ^uint64(0)
	branchPage      = 0x01
	leafPage        = 0x02
	bigNode         = 0x01
	// LMDB's own limit on the depth of a tree.
	depthMax = 32
	// A commit between two reads makes a sound file look cut; two in a row are a millisecond apart.
	looks = 3
)

// metaPage is what the newer of a file's two first pages says of it.
type metaPage struct {
	pageBytes, lastPage, transaction, freeRoot uint64
}

// refuseCut refuses an environment whose data file ends before a page that is in use; nil for a file that is not
// there, or is none of LMDB's.
func refuseCut(path string) error {
	for look := 1; ; look++ {
		file, err := os.Open(filepath.Join(path, dataFile))
		if err != nil {
			return nil
		}
		// In this order: whatever a meta page names is in the file before it is.
		meta, isOurs := newestMeta(file)
		stat, err := file.Stat()
		whole := err != nil || !isOurs || isWhole(file, meta, uint64(stat.Size()))
		file.Close()
		if whole {
			return nil
		}
		if look == looks {
			message := fmt.Sprintf("%s was cut short: its data file has %d bytes, and pages in use up to byte %d",
				path, stat.Size(), (meta.lastPage+1)*meta.pageBytes)
			return corrupt(message, nil)
		}
	}
}

func newestMeta(file *os.File) (metaPage, bool) {
	first, isFirst := metaAt(file, 0)
	second, isSecond := metaAt(file, int64(first.pageBytes))
	if !isFirst || !isSecond || first.pageBytes != second.pageBytes {
		return metaPage{}, false
	}
	if second.transaction > first.transaction {
		return second, true
	}
	return first, true
}

func metaAt(file *os.File, offset int64) (metaPage, bool) {
	page := make([]byte, metaBytes)
	if _, err := file.ReadAt(page, offset); err != nil {
		return metaPage{}, false
	}
	number := binary.LittleEndian
	meta := metaPage{
		pageBytes:   uint64(number.Uint32(page[40:])),
		freeRoot:    number.Uint64(page[80:]),
		lastPage:    number.Uint64(page[136:]),
		transaction: number.Uint64(page[144:]),
	}
	return meta, number.Uint32(page[16:]) == magic && number.Uint32(page[20:]) == dataFormat && meta.pageBytes >= metaBytes
}

// isWhole tells whether every page beyond the end of the file is free: what one transaction took and gave back was
// never written.
func isWhole(file *os.File, meta metaPage, size uint64) bool {
	end := size / meta.pageBytes
	if end > meta.lastPage {
		return true
	}
	free := uint64(0)
	walk := freeWalk{file, meta, func(page uint64) {
		if page >= end && page <= meta.lastPage {
			free++
		}
	}}
	return (meta.freeRoot == noPage || walk.page(meta.freeRoot, 0)) && free == meta.lastPage+1-end
}

// freeWalk goes through the tree of free pages.
type freeWalk struct {
	file *os.File
	meta metaPage
	each func(page uint64)
}

// page walks a page and those below it; false where one is missing or is none of a tree.
func (w freeWalk) page(number uint64, depth int) bool {
	page := make([]byte, w.meta.pageBytes)
	if _, err := w.file.ReadAt(page, int64(number*w.meta.pageBytes)); err != nil || number > w.meta.lastPage {
		return false
	}
	flags, lower := binary.LittleEndian.Uint16(page[10:]), binary.LittleEndian.Uint16(page[12:])
	if depth > depthMax || (flags != branchPage && flags != leafPage) || int(lower) > len(page) {
		return false
	}
	for place := pageHeaderBytes; place < int(lower); place += 2 {
		offset := int(binary.LittleEndian.Uint16(page[place:]))
		if offset+8 > len(page) || !w.node(page[offset:], flags == branchPage, depth) {
			return false
		}
	}
	return true
}

// node is low and high half of a size or page number, flags and key size, 16 bits each; then key and data.
func (w freeWalk) node(node []byte, isBranch bool, depth int) bool {
	number := binary.LittleEndian
	size := uint64(number.Uint32(node))
	flags, keyBytes := number.Uint16(node[4:]), int(number.Uint16(node[6:]))
	if isBranch {
		return w.page(size|uint64(flags)<<32, depth+1)
	}
	data := node[min(8+keyBytes, len(node)):]
	if flags&bigNode != 0 && len(data) >= 8 {
		big := make([]byte, size)
		if _, err := w.file.ReadAt(big, int64(number.Uint64(data)*w.meta.pageBytes+pageHeaderBytes)); err != nil {
			return false
		}
		data = big
	}
	if uint64(len(data)) < size || size < 8 {
		return false
	}
	// A list begins with how many it has.
	for place := uint64(8); place+8 <= size; place += 8 {
		w.each(number.Uint64(data[place:]))
	}
	return true
}
