// Package follow is the engine of continuous backup: it watches all keys of a
// cluster and stores what is written as increments in a repository, beside full
// backups that it takes. It dials by its caller's function, prints nothing and
// imports neither commands nor printers. Package increment has the format.
//
// One goroutine, the session, reads the watch and appends records to the increment
// that grows; another stores the one that was cut before. While the store is slow
// or fails, the growing one collects records in a temporary file; once that has
// reached its limit, the session stops reading, and the server keeps the events
// until they are compacted. Then there is a gap, and a full backup is taken.
package follow
