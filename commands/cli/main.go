package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// Program is one run of a command tree.
type Program struct {
	Root    *cobra.Command
	Streams Streams
	// Prefix begins the names of the program's environment variables, "ETCDCTL".
	Prefix string
	// Explain turns the error that a command returned into the one the user
	// reads. It may be nil.
	Explain func(error) error
	// Report prints the error of the run on the error stream. If it is nil, the
	// error is printed as one line that begins with "Error:".
	Report func(w io.Writer, err error)
	// HelpFirst makes help appear even with an unknown command, as in
	// upstream's programs if help was requested first.
	HelpFirst bool

	asJSON      bool          // errors are printed as JSON
	sameRequest time.Duration // instead of the constant, in tests
}

// Main runs the program with the given arguments (those after the program's
// name) and returns its exit code. The error of the run is printed exactly
// once, on the error stream. The [EndingSignals] cancel the context of the
// command; when the command has cleaned up after itself, the process ends by
// that same signal, as shells expect of it.
func (p Program) Main(ctx context.Context, args []string) Code {
	p, wrong := p.prepared(args)
	if wrong != nil {
		p.report(wrong)
		return CodeOf(wrong)
	}
	ctx, sig := withSignals(ctx, cmp.Or(p.sameRequest, sameRequest))
	err := p.execute(ctx, args)
	if s := sig.stop(); s != nil && err != nil && !final(err) {
		raise(s)
		return Interrupted
	}
	return p.end(err)
}

// Line is Main for a program that another one runs in its own process, and that
// does not end it. Signals are the caller's: if one has cancelled ctx, nothing is
// printed and the code is [Interrupted].
func (p Program) Line(ctx context.Context, args []string) Code {
	p, wrong := p.prepared(args)
	if wrong != nil {
		return p.end(wrong)
	}
	err := p.execute(ctx, args)
	if s := (signalError{}); err != nil && !final(err) && errors.As(context.Cause(ctx), &s) {
		return Interrupted
	}
	return p.end(err)
}

// Fail prints the error of a run that could not begin, as Line would.
func (p Program) Fail(err error) Code {
	p, _ = p.prepared(nil)
	return p.end(err)
}

// prepared returns the program with its way to print errors.
func (p Program) prepared(args []string) (Program, error) {
	EnablePrefixMatching()
	var wrong error
	p.asJSON, wrong = p.errorsAsJSON(args)
	return p, wrong
}

// execute runs the command tree.
func (p Program) execute(ctx context.Context, args []string) error {
	p.Root.SetArgs(args)
	out := &helpWriter{w: p.Streams.Out}
	p.Root.SetIn(p.Streams.In)
	p.Root.SetOut(out)
	p.Root.SetErr(p.Streams.Err)
	p.Root.SilenceErrors = true
	p.Root.SilenceUsage = true
	p.Root.SetFlagErrorFunc(flagError)

	unknown := p.checkHelp()
	err := p.Root.ExecuteContext(ctx)
	if errors.Is(err, errUnread) {
		_, err = out.Write([]byte{'\n'}) // this reports that the output is no longer read: the process then ends by SIGPIPE
	}
	if err == nil {
		err = cmp.Or(*unknown, out.err)
	}
	return err
}

// end prints the error of the run and returns its exit code.
func (p Program) end(err error) Code {
	if err != nil && p.Explain != nil {
		err = p.Explain(err)
	}
	if err != nil && (!reported(err) || p.asJSON) {
		p.report(err)
	}
	return CodeOf(err)
}

func (p Program) report(err error) {
	switch {
	case p.asJSON:
		newErrorReport(err).write(p.Streams.Err)
	case p.Report != nil:
		p.Report(Visible(p.Streams.Err), err)
	default:
		fmt.Fprintln(Visible(p.Streams.Err), "Error:", err)
	}
}

// EnablePrefixMatching lets names of commands be cut short as long as they are
// clear. cobra keeps this switch in a package variable; it is set once because
// trees run side by side in tests.
//
//nolint:gochecknoglobals // a function that is never reassigned
var EnablePrefixMatching = sync.OnceFunc(func() { cobra.EnablePrefixMatching = true })

// errUnread is the cause of a context whose output is no longer read.
var errUnread = errors.New("the output is not read any more")

// signals remembers the signal that cancelled a context.
type signals struct {
	ch     chan os.Signal
	done   chan struct{}
	cancel context.CancelCauseFunc
	got    os.Signal
}

// signalError is the cause of a context that a signal cancelled.
type signalError struct{ os.Signal }

// BySignal is the cause of a context that a signal cancels.
func BySignal(s os.Signal) error { return signalError{s} }

func (e signalError) Error() string { return e.String() }

// ByInterrupt reports whether ctx was ended by SIGINT, as sent by Ctrl-C, for a
// command that treats it as a normal end.
func ByInterrupt(ctx context.Context) bool {
	s := signalError{}
	return errors.As(context.Cause(ctx), &s) && s.Signal == os.Interrupt
}

// Interruptible returns a context that SIGINT ends also where the process was
// started to ignore it, for a command to which this is an end like another and
// that scripts run in the background. stop gives the signal back.
func Interruptible(parent context.Context) (ctx context.Context, stop func()) {
	if !signal.Ignored(os.Interrupt) {
		return parent, func() {}
	}
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt)
	go func() {
		select {
		case got := <-ch:
			cancel(signalError{got})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		cancel(nil)
	}
}

// EndingSignals returns the signals that end a command, without those that the
// process was started to ignore: a shell starts background jobs with SIGINT
// ignored and nohup does so with SIGHUP. It stays so, and the process could not
// end itself by them either.
func EndingSignals() []os.Signal {
	return slices.DeleteFunc(endingSignals(), signal.Ignored)
}

// sameRequest is how long after a first signal others count as part of it:
// timeout(1) sends its signal to the process and then to the group, and people
// press Ctrl-C twice. They must not cut the clean-up short.
const sameRequest = time.Second

// withSignals returns a context that the first ending signal cancels. After
// the given time the signals have their default effect again, so that a later
// one ends a command that does not stop.
func withSignals(parent context.Context, same time.Duration) (context.Context, *signals) {
	ctx, cancel := context.WithCancelCause(parent)
	s := &signals{ch: make(chan os.Signal, 1), done: make(chan struct{}), cancel: cancel}
	if ending := EndingSignals(); len(ending) > 0 { // os/signal takes none for all
		signal.Notify(s.ch, ending...)
	}
	go func() {
		defer close(s.done)
		got, ok := <-s.ch
		if !ok {
			return
		}
		s.got = got
		cancel(signalError{got})
		over := time.After(same)
		for ok {
			select {
			case _, ok = <-s.ch:
			case <-over:
				signal.Stop(s.ch)
				return
			}
		}
	}()
	return ctx, s
}

// stop ends the watch for signals and returns the one that came, or nil.
func (s *signals) stop() os.Signal {
	signal.Stop(s.ch)
	close(s.ch)
	<-s.done
	s.cancel(nil)
	return s.got
}
