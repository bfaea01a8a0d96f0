// Package bulk writes many changes to an etcd cluster in few requests: it packs
// them into transactions, keeps several of them under way, makes them smaller
// if the server refuses them, and sends them again when a connection was lost.
//
// It may import etcd's client and API packages and grpc's codes; never a
// command, a printer or the command line.
package bulk
