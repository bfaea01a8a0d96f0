package ctlv2

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"etcdkit/commands/conn"
)

// checkedTransport makes the requests of the client library. It prints them as
// curl commands under --debug, and turns answers that no v2 server gives into
// errors that say so: the library would report bad JSON.
type checkedTransport struct {
	*http.Transport
	debug io.Writer // nil without --debug
}

// RoundTrip makes one request.
func (t *checkedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.debug != nil {
		if err := printCurl(t.debug, req); err != nil {
			return nil, err
		}
	}
	resp, err := t.Transport.RoundTrip(req)
	if err != nil {
		return nil, conn.ExplainProxy(req, err)
	}
	if err := checkAnswer(req, resp); err != nil {
		resp.Body.Close() //nolint:errcheck,gosec // it is not wanted
		return nil, err
	}
	// The library follows a redirect only where it names the whole URL.
	if to := resp.Header.Get("Location"); to != "" {
		if u, err := req.URL.Parse(to); err == nil {
			resp.Header.Set("Location", u.String())
		}
	}
	return resp, nil
}

// answerError is an answer that is not one of etcd's v2 API.
type answerError struct{ text string }

func (e *answerError) Error() string { return e.text }

// checkAnswer looks at the kind of an answer. A v2 server sends JSON, also with
// an error; one of 3.6 or later, or without --enable-v2, sends the 404 of Go's
// web server.
func checkAnswer(req *http.Request, resp *http.Response) error {
	if !strings.Contains(req.URL.Path, "/v2/") {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	from := req.URL.Scheme + "://" + req.URL.Host
	switch {
	case kind == "text/html":
		return &answerError{fmt.Sprintf("%s answers with a web page (%s), not as etcd does: look for a proxy in between", from, resp.Status)}
	case resp.StatusCode == http.StatusNotFound && kind == "text/plain":
		return &answerError{from + " has no v2 interface: etcd 3.6 and later have none, up to 3.5 it takes --enable-v2; without ETCDCTL_API=2 this program speaks v3"}
	}
	return nil
}

// printCurl prints a request as the equivalent curl command. Credentials are
// not shown.
func printCurl(w io.Writer, req *http.Request) error {
	line := fmt.Sprintf("curl -X %s %s", req.Method, req.URL)
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return err
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		line += fmt.Sprintf(" -d %q", body)
	}
	_, err := fmt.Fprintln(w, "cURL Command:", line)
	return err
}
