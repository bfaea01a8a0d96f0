package snapshot

import "encoding/binary"

// What the tests that damage files know of the format; snapshot/bolt's doc has
// it.
const (
	pageHeaderSize = 16
	elementSize    = 16
	metaSize       = 64

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketFlag = 0x01
)

// header is the header of the page that starts at b.
func header(b []byte) (id uint64, flags uint16, more int) {
	e := binary.NativeEndian
	return e.Uint64(b), e.Uint16(b[8:]), int(e.Uint32(b[12:]))
}

// child is the page that the i-th element of a branch page refers to.
func child(b []byte, page, i int) int {
	return int(binary.NativeEndian.Uint64(b[page*1024+pageHeaderSize+i*elementSize+8:]))
}
