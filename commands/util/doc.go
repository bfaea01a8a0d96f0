// Package util holds the commands of etcdutl, one file per command. They work
// on files and never open a connection: the package may not import
// commands/conn or a client.
package util
