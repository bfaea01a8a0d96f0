// Package v2tree reads the tree of the v2 interface out of a stopped server's
// data directory. It only reads, and like its parent it may import packages of
// the etcd server, but no cobra, no printer and no gRPC client.
//
// Servers up to 3.5 keep the tree in memory (server/etcdserver/api/v2store). On
// disk it is the last raft snapshot, whose data is the store as JSON (Root and
// CurrentIndex of type store in store.go, and type node in node.go), and the
// entries of the WAL that follow it: the requests of v2, and the changes of
// members, which also move the index of the tree. The server's own package
// applies them, as the server does when it starts, so that every index is the
// same.
//
// The store has three parts: /0 is the server's record of the cluster, /1 the
// keys of clients, which see them without that prefix, and /2 users and roles
// of v2.
package v2tree
