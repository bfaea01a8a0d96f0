// Package diff compares two keyspaces, and two values.
//
// It may import keyspace, keyspace/fence/fencekey and a library that compares
// lines.
package diff
