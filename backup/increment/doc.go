// Package increment is the format of increments: objects of a repository that
// hold the records of etcd's key bucket between two revisions, so that a backup
// can be brought to any revision after it. docs/backup-format.md describes the
// format.
//
// A [Writer] makes an increment, [Pending.Put] stores it, [List] finds what is
// stored and a [Reader] reads it. [Merge] joins increments. The increments that
// have the same [Manifest.Line] are parts of one history: records of the same
// revision are equal in all of them, also where they overlap, so any of them that
// cover a range of revisions may be used.
//
// The package dials no cluster and prints nothing. It knows stores, but not the
// backups in them, and imports neither package backup nor commands.
package increment
