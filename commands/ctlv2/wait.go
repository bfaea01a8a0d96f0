package ctlv2

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/pathutil"
	client "go.etcd.io/etcd/client/v2"
)

// wait is the request for the next event of a key, or for all of them on one
// connection. The client library's own watcher does not stream, and panics at
// an answer without a node.
type wait struct {
	key       string
	index     uint64 // of the first event that counts; 0 is the next one
	recursive bool
	stream    bool
}

// HTTPRequest returns the request as the given endpoint takes it.
func (w *wait) HTTPRequest(ep url.URL) *http.Request {
	ep.Path = pathutil.CanonicalURLPath(ep.Path + "/v2/keys/" + strings.TrimPrefix(w.key, "/"))
	query := url.Values{
		"wait":      {"true"},
		"waitIndex": {strconv.FormatUint(w.index, 10)},
		"recursive": {strconv.FormatBool(w.recursive)},
	}
	if w.stream {
		query.Set("stream", "true")
	}
	ep.RawQuery = query.Encode()
	req, err := http.NewRequest(http.MethodGet, ep.String(), nil) //nolint:noctx // the client library has one
	if err != nil {
		return nil // the library's word for it is ErrNoRequest
	}
	return req
}

// next waits for one event and moves past it.
func (w *wait) next(ctx context.Context, s *session) (*client.Response, error) {
	for {
		resp, body, err := s.Do(ctx, w)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode == http.StatusOK && len(body) == 0 {
			pause(ctx, streamPause) // the server has ended a wait that had no event
			continue
		}
		event, err := readEvent(resp, body)
		if err != nil {
			return nil, err
		}
		w.index = event.Node.ModifiedIndex + 1
		return event, nil
	}
}

// readEvent reads the answer to a wait.
func readEvent(resp *http.Response, body []byte) (*client.Response, error) {
	if resp.StatusCode != http.StatusOK {
		return nil, readError(resp, body)
	}
	event := &client.Response{}
	if err := json.Unmarshal(body, event); err != nil {
		return nil, err
	}
	event.Index = etcdIndex(resp)
	return event, check(event, nil)
}

// readError reads the answer to a request that has failed.
func readError(resp *http.Response, body []byte) error {
	var e client.Error
	if err := json.Unmarshal(body, &e); err != nil || e.Message == "" {
		return fmt.Errorf("%s://%s answers %s", resp.Request.URL.Scheme, resp.Request.URL.Host, resp.Status)
	}
	return e
}

// etcdIndex is the index of the store when it began to answer.
func etcdIndex(resp *http.Response) uint64 {
	index, err := strconv.ParseUint(resp.Header.Get("X-Etcd-Index"), 10, 64)
	if err != nil {
		return 0 // a proxy may have taken the header away
	}
	return index
}
