// Package pack has what all objects of a repository are made of: lines of JSON
// that are sealed by a checksum, and bytes in the layers of zstd and age. It
// knows neither etcd nor stores, and imports nothing of this module.
package pack
