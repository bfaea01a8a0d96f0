// Package raftlog reads what raft keeps in a data directory: the write-ahead log
// (member/wal) and the raft snapshots (member/snap/*.snap), and writes new ones.
// It never changes what it reads, and imports no package of the etcd server:
// those panic on some damage, and move aside the files they cannot read.
//
// # WAL format
//
// (server/storage/wal: doc.go, decoder.go, walpb/record.proto)
//
// A WAL is a sequence of files named SEQUENCE-INDEX.wal, both in 16 hexadecimal
// digits, where INDEX is the index of its first entry. A file is a sequence of
// frames: 8 bytes in little endian, whose lower 56 bits are the length of a
// record and, if the highest bit is set, the next three bits of the top byte
// the number of bytes that pad it to a multiple of 8; then the record. A length
// of 0 marks the part of the file that is not written yet.
//
// A record is a message of type (1), CRC-32C (2) and data (3). The CRC is that
// of the data of all records so far; a record of type 4 stands at the start of
// each file and carries it over. The other types are metadata (1), an entry of
// raft (2), the hard state (3) and the mark of a raft snapshot (5).
//
// The last record of the last file may be torn, if the machine stopped while
// writing it.
//
// # Raft snapshots
//
// (server/etcdserver/api/snap: snapshotter.go, snappb/snap.proto)
//
// TERM-INDEX.snap is a message of CRC-32C (1) and data (2), which is raft's
// message of data (1) and metadata (2); up to 3.5 the data is the v2 store as
// JSON. Only those that the WAL has a mark of are used.
package raftlog
