// Package restore makes data directories: for the member of a new cluster from
// a snapshot, and for a backup from that of a stopped server. Only this package
// and its subpackages may import packages of the etcd server and of raft, for
// the files that the server must be able to read: the WAL, the raft snapshot
// and the membership. It imports no cobra, no printer and no gRPC client, and
// prints nothing. Its only use of the network is to look up host names, if the
// peer URLs given for this member differ in their text.
//
// A data directory has this shape (server/storage/datadir):
//
//	member/snap/db             the backend: the snapshot's pages, with the new
//	                           members in it, and the index and term of the
//	                           last entry in the WAL
//	member/snap/TERM-INDEX.snap  the raft snapshot at that index, with the
//	                           members once more in the form of the v2 store
//	member/wal/                an entry that adds each member, and the mark of
//	                           that raft snapshot; may be a directory of its own
//
// The messages in the latter two are made with the server's packages of 3.7; 3.5
// and 3.6 read them. The files are written by raftlog: the server's packages fail
// where a directory can't be synced, and create files that everyone may read.
package restore
