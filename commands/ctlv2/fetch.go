package ctlv2

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
)

// longestAnswer bounds the size of an answer that should be short, in bytes.
const longestAnswer = 16 << 20

// document is a request for a document at a path below an endpoint.
type document string

// HTTPRequest returns the request as the given endpoint takes it.
func (d document) HTTPRequest(ep url.URL) *http.Request {
	ep.Path = path.Join(ep.Path, string(d))
	req, err := http.NewRequest(http.MethodGet, ep.String(), nil) //nolint:noctx // ask gives it one
	if err != nil {
		return nil
	}
	return req
}

// fetch reads a document from one endpoint, whatever the status of the answer.
func (s *session) fetch(ctx context.Context, endpoint, at string) (*http.Response, []byte, error) {
	resp, err := s.ask(ctx, endpoint, document(at))
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	return resp, body, err
}
