// Package output writes files and directories that are whole or absent: each
// is built beside its final place, synced, and renamed. It knows nothing of
// what it writes, and imports nothing of
// this module but package lock.
package output
