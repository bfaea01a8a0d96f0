package ctlv2

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	client "go.etcd.io/etcd/client/v2"

	"etcdkit/commands/cli"
)

// The exit codes of v2. Some numbers mean something else with v3.
const (
	noSuchCommand cli.Code = 3
	serverError   cli.Code = 4 // a request failed
	notHealthy    cli.Code = 5 // cluster-health and health
)

var (
	errNoReason = errors.New("the server refuses the request and gives no reason")
	errNoNode   = errors.New("the answer is JSON, but not as etcd's v2 API sends it: it has no node")
)

// bareError is an error that upstream prints without "Error:".
type bareError struct{ error }

func (e bareError) Unwrap() error { return e.error }

// bare is the error of a command with exit code 1 that upstream prints without
// "Error:", as all but the commands of keys do.
func bare(err error) error {
	if err == nil {
		return nil
	}
	return cli.Exit(cli.Failure, bareError{explain(err)})
}

// bad is an error of the command line of such a command.
func bad(format string, args ...any) error {
	return bareError{fmt.Errorf(format, args...)}
}

// badArgs is the error of a command line that lacks arguments.
func badArgs(text string) error { return cli.Exit(cli.BadArgs, errors.New(text)) }

// serverFailure is the error of a request of keys.
func serverFailure(err error) error { return cli.Exit(serverError, explain(err)) }

// report prints the error of a run as upstream does, with its two blanks and,
// of a request that several members have failed, with the list of their errors
// once more.
func report(w io.Writer, err error) {
	if errors.As(err, new(bareError)) {
		fmt.Fprintln(w, err)
		return
	}
	fmt.Fprintln(w, "Error: ", err)
	if all := (*client.ClusterError)(nil); errors.As(err, &all) {
		fmt.Fprintln(w, all.Detail())
	}
}

// explain turns the error of a request into one that names the fault if
// upstream's does not.
func explain(err error) error {
	if all := (*client.ClusterError)(nil); errors.As(err, &all) {
		answer := (*answerError)(nil)
		for _, e := range all.Errors {
			if !errors.As(e, &answer) {
				return err
			}
		}
		if answer != nil {
			return answer
		}
	}
	if err != nil && err.Error() == "" {
		return errNoReason
	}
	if errors.As(err, new(*json.SyntaxError)) || errors.As(err, new(*json.UnmarshalTypeError)) {
		return fmt.Errorf("the answer is not JSON as etcd's v2 API sends it: %w", err)
	}
	return err
}

// isConnection reports whether err is about the connection only: no member
// could be reached, or none has answered in time.
func isConnection(err error) bool {
	if all := (*client.ClusterError)(nil); errors.As(err, &all) {
		for _, e := range all.Errors {
			if !isConnection(e) {
				return false
			}
		}
		return true
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Op == "dial" || op.Op == "read" || isConnection(op.Err)
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return true
	}
	timed := net.Error(nil)
	return errors.As(err, &timed) && timed.Timeout()
}
