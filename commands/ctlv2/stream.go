package ctlv2

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	client "go.etcd.io/etcd/client/v2"
)

// streamPause is the pause before a stream that has returned nothing is opened
// again, and streamTries the number of attempts when no endpoint can be
// reached.
const (
	streamPause = 200 * time.Millisecond
	streamTries = 25
)

// follow calls emit for each event, over one connection as long as it lasts. It
// returns when emit fails, when no member can be reached for some seconds, or
// at once where none could from the beginning, or with ctx.
func (w *wait) follow(ctx context.Context, s *session, emit func(*client.Response) error) error {
	w.stream = true
	left, reached := 0, false
	for ctx.Err() == nil {
		before := w.index
		resp, err := s.openStream(ctx, w)
		if err == nil {
			err = w.drain(resp, emit)
			if err == nil || !reached {
				left, reached = streamTries, true
			}
		}
		switch {
		case err == nil && w.index != before:
			continue
		case err == nil:
		case left == 0 || !errors.As(err, new(*client.ClusterError)) && !errors.Is(err, errCut):
			return err
		}
		left--
		pause(ctx, streamPause)
	}
	return context.Cause(ctx)
}

// drain follows one connection to its end, and closes it. A server that has the
// first event in its history sends that one and then nothing more
// (watcherHub.watch in etcd's v2store), so that each event of the past takes a
// connection.
func (w *wait) drain(resp *http.Response, emit func(*client.Response) error) error {
	defer resp.Body.Close() //nolint:errcheck // only read
	start := etcdIndex(resp)
	if w.index == 0 {
		w.index = start + 1
	}
	events := json.NewDecoder(resp.Body)
	for {
		event := &client.Response{}
		if err := events.Decode(event); err != nil {
			return brokenStream(err, events.Buffered())
		}
		if err := check(event, nil); err != nil {
			return err
		}
		event.Index = start
		w.index = event.Node.ModifiedIndex + 1
		if err := emit(event); err != nil {
			return err
		}
		if event.Node.ModifiedIndex <= start {
			return nil
		}
	}
}

// errCut is the error of a stream that ends in the middle of an event. That may
// happen, but not again and again.
var errCut = errors.New("the answer is cut off in the middle of an event")

// brokenStream returns the error of a stream that returns data other than
// events; rest is the incomplete data of an event. A stream that has ended,
// even too early, is not an error: it is opened again.
func brokenStream(err error, rest io.Reader) error {
	if errors.As(err, new(*json.SyntaxError)) || errors.As(err, new(*json.UnmarshalTypeError)) {
		return err
	}
	if b, _ := io.ReadAll(rest); len(bytes.TrimSpace(b)) > 0 {
		return errCut
	}
	return nil
}

// openStream begins a request at the first member that takes it. The caller
// closes the body.
func (s *session) openStream(ctx context.Context, w *wait) (*http.Response, error) {
	failed := &client.ClusterError{}
	for _, ep := range s.Endpoints() {
		resp, err := s.ask(ctx, ep, w)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			failed.Errors = append(failed.Errors, err)
			continue
		case resp.StatusCode == http.StatusOK:
			return resp, nil
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
		resp.Body.Close() //nolint:errcheck,gosec // it is read
		if err == nil {
			err = readError(resp, body)
		}
		if resp.StatusCode < http.StatusInternalServerError {
			return nil, err
		}
		failed.Errors = append(failed.Errors, err)
	}
	return nil, failed
}

// action is a request that any endpoint may be asked.
type action interface{ HTTPRequest(url.URL) *http.Request }

// ask sends a request to one endpoint and no other. The caller closes the body.
func (s *session) ask(ctx context.Context, endpoint string, act action) (*http.Response, error) {
	ep, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	req := act.HTTPRequest(*ep)
	if req == nil {
		return nil, fmt.Errorf("%s: %w", endpoint, client.ErrNoRequest)
	}
	if s.user != nil {
		password, _ := s.user.Password()
		req.SetBasicAuth(s.user.Username(), password)
	}
	return (&http.Client{Transport: s.tr}).Do(req.WithContext(ctx))
}

// pause waits for a while, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
