package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// member is the name of the server of a drill.
const member = "drill"

const (
	poll      = 50 * time.Millisecond // between two attempts to reach the server
	stopGrace = 10 * time.Second      // for the server to end by itself
	starts    = 3                     // attempts, because a port may be taken meanwhile
	minQuota  = 8 << 30               // bytes
)

// server is an etcd that runs on the private copy.
type server struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it has
	log    string
	url    string
	client *clientv3.Client
}

// start restores the snapshot and starts a server on it.
func (r *run) start(ctx context.Context, db, changed string) (*server, error) {
	var last error
	for range starts {
		s, err := r.startOnce(ctx, db, changed)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errEnded) || ctx.Err() != nil {
			return nil, err
		}
		last = err
		if err := os.RemoveAll(r.dataDir()); err != nil {
			return nil, err
		}
	}
	return nil, &Error{last}
}

// errEnded says that the server ended by itself.
var errEnded = errors.New("etcd ended")

func (r *run) startOnce(ctx context.Context, db, changed string) (_ *server, err error) {
	urls, err := freeURLs()
	if err != nil {
		return nil, err
	}
	if err := r.restore(ctx, db, urls[1], changed); err != nil {
		return nil, err
	}
	r.step("starting " + r.Etcd)
	s := &server{url: urls[0], log: filepath.Join(r.dir, "etcd.log"), ended: make(chan struct{})}
	s.cmd = exec.Command(r.Etcd, //nolint:gosec // the user's own
		"--name", member, "--data-dir", r.dataDir(), "--log-level", "warn", "--quota-backend-bytes", quota(db),
		"--listen-client-urls", urls[0], "--advertise-client-urls", urls[0],
		"--listen-peer-urls", urls[1], "--initial-advertise-peer-urls", urls[1], "--initial-cluster", member+"="+urls[1])
	s.cmd.Env = without(r.Env, "ETCD_") // which would configure it
	dieWithParent(s.cmd)
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, &Error{fmt.Errorf("start %s: %w", r.Etcd, err)}
	}
	go func() {
		_ = s.cmd.Wait() // its state says how it ended
		close(s.ended)
	}()
	if err := r.await(ctx, s); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// quota leaves room for the drill's own writes.
func quota(db string) string {
	size := int64(minQuota)
	if info, err := os.Stat(db); err == nil {
		size = max(size, 2*info.Size())
	}
	return strconv.FormatInt(size, 10)
}

// freeURLs returns two addresses on the loopback interface that nobody listens
// on.
func freeURLs() ([2]string, error) {
	var urls [2]string
	for i := range urls {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return urls, err
		}
		defer l.Close() //nolint:errcheck // nothing was accepted
		urls[i] = "http://" + l.Addr().String()
	}
	return urls, nil
}

// await waits until the server answers.
func (r *run) await(ctx context.Context, s *server) error {
	ctx, cancel := context.WithTimeout(ctx, r.Wait)
	defer cancel()
	go func() { // a request to a server that has ended need not time out
		select {
		case <-s.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	var err error
	s.client, err = clientv3.New(clientv3.Config{Endpoints: []string{s.url}, Logger: zap.NewNop(), DialTimeout: r.Wait})
	if err != nil {
		return err
	}
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		asking, stop := context.WithTimeout(ctx, time.Second)
		status, err := s.client.Status(asking, s.url)
		if err == nil && status.Leader != 0 {
			_, err = s.client.Get(asking, probe, clientv3.WithCountOnly())
		}
		stop()
		if err == nil && status.Leader != 0 {
			r.report.ServerVersion = status.Version
			return nil
		}
		if s.hasEnded() {
			return fmt.Errorf("%w before it answered (%s): %s", errEnded, s.cmd.ProcessState, s.lastLog())
		}
		select {
		case <-s.ended:
		case <-ctx.Done():
			if s.hasEnded() {
				continue
			}
			return &Error{fmt.Errorf("etcd did not answer within %s: %s", r.Wait, s.lastLog())}
		case <-tick.C:
		}
	}
}

// hasEnded reports whether the server has ended.
func (s *server) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// lastLog is what the server logged last.
func (s *server) lastLog() string {
	content, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	line := lastLine(content)
	var entry struct{ Msg, Error string }
	if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg != "" {
		return entry.Msg + ": " + entry.Error
	}
	return line
}

// stop ends the server and waits until it has ended.
func (s *server) stop() error {
	var err error
	if s.client != nil {
		err = s.client.Close()
	}
	_ = terminate(s.cmd.Process) // fails only if it has ended
	select {
	case <-s.ended:
	case <-time.After(stopGrace):
		_ = s.cmd.Process.Kill() // likewise
		<-s.ended
	}
	return err
}
