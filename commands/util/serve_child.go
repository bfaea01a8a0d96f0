package util

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"etcdkit/commands/cli"
)

// serverProgram is the program that is an etcd server.
const serverProgram = "etcdutl-server"

// stopTime is how long a server may take to stop.
const stopTime = 10 * time.Second

// server is a running server program. It ends when its standard input does, and
// so with this process, however that ends.
type server struct {
	cmd   *exec.Cmd
	in    io.Closer
	lines chan []byte // the first line that it prints; closed without one when it ends
	ended chan struct{}
	err   error // how it ended
}

// serverReady is the line that a server prints when it is ready.
type serverReady struct {
	Endpoint string `json:"endpoint"`
	Version  string `json:"version"`
}

// startServer starts the program at path. The caller stops it.
func startServer(s cli.Streams, path string, args []string) (*server, error) {
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Stderr = s.Env, s.Err
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	child := &server{cmd: cmd, in: in, lines: make(chan []byte, 1), ended: make(chan struct{})}
	go child.watch(out)
	return child, nil
}

// watch passes the first line on and notes how the program ends.
func (s *server) watch(out io.Reader) {
	defer close(s.ended)
	r := bufio.NewReader(out)
	if line, err := r.ReadBytes('\n'); err == nil {
		s.lines <- line
	}
	close(s.lines)
	_, _ = io.Copy(io.Discard, r) // it prints nothing else
	s.err = s.cmd.Wait()
}

// ready waits until the server serves.
func (s *server) ready(ctx context.Context) (r serverReady, err error) {
	select {
	case line, ok := <-s.lines:
		if !ok {
			<-s.ended
			return r, s.failure()
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return r, fmt.Errorf("%s printed %q: it is not of this release", s.cmd.Path, line)
		}
		return r, nil
	case <-ctx.Done():
		return r, context.Cause(ctx)
	}
}

// wait waits until the server ends, which is a failure, or ctx does.
func (s *server) wait(ctx context.Context) error {
	select {
	case <-s.ended:
		return s.failure()
	case <-ctx.Done():
		return nil
	}
}

// failure is the error of a server that ended by itself. It has said why.
func (s *server) failure() error {
	if exit := (*exec.ExitError)(nil); errors.As(s.err, &exit) && exit.Exited() {
		return cli.Reported(cli.ChildCode(s.err), s.err)
	}
	if s.err != nil {
		return fmt.Errorf("%s ended: %w", s.cmd.Path, s.err)
	}
	return fmt.Errorf("%s ended", s.cmd.Path)
}

// stop ends the server, if it still runs, and waits for it.
func (s *server) stop() {
	_ = s.in.Close() // fails only if the server has ended
	select {
	case <-s.ended:
	case <-time.After(stopTime):
		_ = s.cmd.Process.Kill() // likewise
		<-s.ended
	}
}
