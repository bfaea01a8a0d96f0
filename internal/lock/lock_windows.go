package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// try locks the byte that bbolt locks (bolt_windows.go), past any content.
func try(f *os.File, m Mode) error {
	const last = 1<<32 - 1
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if m == Exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: last, OffsetHigh: last})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}
