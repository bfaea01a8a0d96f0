// Package bolt reads and checks bbolt files. It knows pages, buckets and
// elements; what they mean is for its users, of which it imports none.
//
// Nothing in a file is believed before it is checked: pages are read with
// positional reads into bounded buffers, never mapped, so an empty, cut,
// bit-flipped, hostile or growing file ends in an error that wraps
// [ErrCorrupt], never in a fault.
//
// # File format
//
// This is the format of go.etcd.io/bbolt (internal/common: page.go, meta.go,
// bucket.go, inode.go); all numbers are in the byte order of the machine that
// wrote them. A file is an array of pages of one size. A page starts with a
// header of 16 bytes: id (8), flags (2), element count (2) and the number of
// further pages that continue this one (4).
//
//	meta (0x04)      pages 0 and 1: magic 0xED0CDAED, version 2, page size,
//	                 flags, root bucket (page, sequence), freelist page, the
//	                 first page id never used yet, transaction id, FNV-1a of
//	                 what precedes. The valid one with the higher transaction
//	                 id counts.
//	branch (0x01)    elements of 16 bytes: position of the key counted from
//	                 the element, key size, child page
//	leaf (0x02)      elements of 16 bytes: flags, position, key size, value
//	                 size; key and value lie side by side. Flag 0x01 marks a
//	                 bucket: the value is root page and sequence, and where
//	                 the root is 0, the bucket's only leaf page follows inline.
//	freelist (0x10)  page ids; with 0xFFFF elements the first is the count. A
//	                 file may have none, and is then searched for free pages
//	                 when bbolt opens it.
package bolt
