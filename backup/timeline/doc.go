// Package timeline knows to which moments a repository can bring a cluster back:
// from the full backups and the increments in it, it finds the revision of a
// moment, and makes the snapshot of a revision. It prints nothing, dials no
// cluster, and imports neither commands nor printers.
package timeline
