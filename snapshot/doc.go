// Package snapshot reads, checks, hashes and writes etcd's backend files: the
// result of "snapshot save", and the member/snap/db of a stopped server. It
// imports no cobra, no printer and nothing that opens a connection; packages
// of the etcd server are for snapshot/restore alone.
//
// A source is opened read-only and stays byte-identical. An empty, cut,
// bit-flipped, hostile or growing file ends in an error that wraps
// [ErrCorrupt], never in a fault.
//
// # File format
//
// The backend is a bbolt file, which snapshot/bolt reads. etcd does not write
// its freelist and rebuilds it on opening.
//
// A snapshot is such a file with the sha256 of all its bytes appended, which
// is recognised, as etcd does it, by a file size that leaves 32 when divided
// by 512.
//
// The "key" bucket maps revisions (main, '_', sub, in big endian, then 't'
// for a deletion) to mvccpb.KeyValue messages.
package snapshot
