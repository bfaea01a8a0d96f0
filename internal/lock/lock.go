// Package lock takes the lock that bbolt, and so an etcd server, holds on a
// database that is open. It imports nothing of this module.
package lock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// ErrTimeout says that another process held the lock for the whole time.
var ErrTimeout = errors.New("timeout")

// errHeld says that another process holds the lock.
var errHeld = errors.New("locked")

// retry is the pause between two tries; the system has no way to wait for a
// lock and for something else at once.
const retry = 50 * time.Millisecond

// Mode says who else may hold the lock.
type Mode int

// The modes: a reader's lock is shared with other readers, a writer's is
// exclusive.
const (
	Shared Mode = iota
	Exclusive
)

// noticeKey is the context's key of the function given to Notify.
type noticeKey struct{}

// Notify returns a context in which Wait calls waiting, once, when it finds a
// file locked and begins to wait.
func Notify(ctx context.Context, waiting func(path string)) context.Context {
	return context.WithValue(ctx, noticeKey{}, waiting)
}

func notice(ctx context.Context, path string) {
	if waiting, ok := ctx.Value(noticeKey{}).(func(string)); ok {
		waiting(path)
	}
}

// Wait locks f until it is closed, and waits for others that hold the lock: as
// long as wait says, or without end if that is 0. The system drops the lock when
// the process dies.
func Wait(ctx context.Context, f *os.File, m Mode, wait time.Duration) error {
	if wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, wait, fmt.Errorf("%w: another process has locked %s: is an etcd server running on it?", ErrTimeout, f.Name()))
		defer cancel()
	}
	tick := time.NewTicker(retry)
	defer tick.Stop()
	for told := false; ; told = true {
		err := try(f, m)
		if !errors.Is(err, errHeld) {
			return err
		}
		if !told {
			notice(ctx, f.Name())
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// Try locks f until it is closed, and reports whether it could.
func Try(f *os.File) bool { return try(f, Exclusive) == nil }

// Held reports whether another process holds the lock of f. If none does, f is
// locked until it is closed.
func Held(f *os.File) bool { return errors.Is(try(f, Exclusive), errHeld) }

// Used reports whether another process holds the lock of f exclusively, as a
// server does. If none does, f is locked for reading until it is closed.
func Used(f *os.File) bool { return errors.Is(try(f, Shared), errHeld) }
