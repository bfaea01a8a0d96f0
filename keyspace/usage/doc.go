// Package usage walks through keys in their order as through a tree of
// directories, and sums up the keys below each. Its memory is proportional to
// one path of the tree.
//
// It imports etcd's API messages and keyspace/fence/fencekey, and nothing else of
// etcd or this module.
package usage
