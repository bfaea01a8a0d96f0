// Package output writes files and directories that are whole or absent: each is
// built beside its final place, synced, and renamed. It does not know the
// contents, and imports nothing of this module but package lock.
package output
