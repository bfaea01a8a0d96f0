// Package v2tree reads the tree of the v2 interface out of a stopped server's
// data directory. It only reads, and like its parent it may import packages of
// the etcd server, but no cobra, no printer and no gRPC client.
//
// Servers up to 3.5 keep the tree in memory (server/etcdserver/api/v2store).
// On disk it is the last raft snapshot, whose data is the store as JSON (type
// store in store.go, of which Root and CurrentIndex count, and type node in
// node.go), and the entries of the WAL that follow it, of which each request
// of v2 counts, and each change of the members, which moves the index of the
// tree as well. The server's own package applies them, as the server does when
// it starts, so that every index comes out as it was.
//
// The store has three parts: /0 is what the server knows of the cluster, /1
// the keys of clients, which see them without that prefix, and /2 users and
// roles of v2.
package v2tree
