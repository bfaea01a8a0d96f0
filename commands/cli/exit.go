package cli

import "errors"

// Code is the exit status of a program. The values are those of upstream's
// programs, which scripts test for.
type Code int

// The exit codes; docs/exit-codes.md says which command returns which.
const (
	OK            Code = 0
	Failure       Code = 1   // the request or the work failed
	BadConnection Code = 2   // the client could not be set up, or a lease or watch stream broke
	InvalidInput  Code = 3   // a line on standard input could not be used (txn, watch -i)
	BadFeature    Code = 4   // a known flag with a value that is not supported
	Interrupted   Code = 5   // a stream ended before its end
	IO            Code = 6   // a file or stream could not be read or written
	NotAcquired   Code = 7   // the lock is held by another (lock --try, --timeout)
	FoundWarnings Code = 20  // doctor: nothing worse than warnings was found
	FoundErrors   Code = 21  // doctor: errors were found
	FoundDiffers  Code = 22  // check consistency: copies of the keyspace differ
	Stopped       Code = 23  // defrag --guard, alarm recover: ended early because of the state of the cluster
	BadArgs       Code = 128 // wrong arguments
)

// The exit codes of the backup commands, which have none of upstream's.
const (
	BackupCluster   Code = 10 // no snapshot could be had from the cluster
	BackupStore     Code = 11 // the repository could not be read or written
	BackupDamaged   Code = 12 // a backup, or what was sent for one, is not good
	BackupRetention Code = 13 // not everything that was to be removed was
	BackupTooOld    Code = 14 // there is no good backup young enough
)

// exitError is an error with an exit code.
type exitError struct {
	code   Code
	err    error
	silent bool
	final  bool
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// Exit gives err the exit code that the program ends with. A nil err stays
// nil, and a code given deeper down wins over one given further up.
func Exit(code Code, err error) error {
	if err == nil {
		return nil
	}
	if inner := (*exitError)(nil); errors.As(err, &inner) {
		return err
	}
	return &exitError{code: code, err: err}
}

// Recode gives err an exit code whatever code it carries already, for the
// command in which upstream ends with another one than elsewhere.
func Recode(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code: code, err: err}
}

// Reported is Exit for an error whose message the user has already seen, so
// that the main loop only sets the exit code.
func Reported(code Code, err error) error {
	return &exitError{code: code, err: err, silent: true}
}

// Final is Recode for a command that has dealt with a signal in its own way: the
// program ends with this code even though a signal came, and not by it. What
// was [Reported] stays so.
func Final(code Code, err error) error {
	return &exitError{code: code, err: err, final: true, silent: reported(err)}
}

// CodeOf returns the exit code that err carries: OK for nil, Failure if it
// carries none.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	if e := (*exitError)(nil); errors.As(err, &e) {
		return e.code
	}
	return Failure
}

// final reports whether err is a command's own end after a signal.
func final(err error) bool {
	e := (*exitError)(nil)
	return errors.As(err, &e) && e.final
}

// IsReported reports whether err was made by [Reported].
func IsReported(err error) bool { return reported(err) }

// reported reports whether the message of err has been printed.
func reported(err error) bool {
	e := (*exitError)(nil)
	return errors.As(err, &e) && e.silent
}
